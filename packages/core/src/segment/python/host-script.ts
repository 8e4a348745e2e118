/**
 * The program that a Python process runs: it answers requests, one a line, until its input ends.
 *
 *   input: requests (JSON)      file 3: answers (JSON)      output, errors: what the plug-in prints, then a line that ends it
 *   arrays: files in a folder, mapped into memory (copy on write), so that nothing is copied through a pipe
 *
 * It needs Python 3.8 and NumPy. Text of a file of its own, so that a bundle carries it along.
 */
export const HOST_SCRIPT = String.raw`
import importlib, inspect, json, os, queue, signal, sys, threading, traceback

def die_with_parent(sent):
    try:
        import ctypes
        ctypes.CDLL(None).prctl(1, sent)  # Linux only
    except Exception:
        pass

# A guard in this process group: when this process ends, however, the guard ends what the plug-in has started.
if sys.platform == "linux":
    leader = os.getpid()
    if os.fork() == 0:
        for number in (0, 1, 2, 3):
            os.close(number)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
        die_with_parent(signal.SIGUSR1)
        if os.getppid() == leader:
            signal.sigwait([signal.SIGUSR1])
        os.killpg(0, signal.SIGKILL)
die_with_parent(signal.SIGKILL)

sys.path[:] = [folder for folder in sys.path if folder != ""]  # not whatever folder this was started in
answers = os.fdopen(3, "w", buffering=1)
requests = queue.Queue()

def listen():
    # Whoever has started this process is gone when the input ends; then what the plug-in has started goes, too.
    for line in requests_in:
        requests.put(json.loads(line))
    os.killpg(0, signal.SIGKILL)

requests_in = os.fdopen(os.dup(0), "r", encoding="utf-8")
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
threading.Thread(target=listen, daemon=True).start()

class Refused(Exception):
    def __init__(self, kind, text):
        super().__init__(text)
        self.kind = kind

def numpy():
    try:
        import numpy
        return numpy
    except ImportError as error:
        raise Refused("python", "NumPy cannot be imported by %s (%s): install it there (pip install numpy), or name another Python in the step's \"python\"" % (sys.executable, error))

def find(request):
    for folder in reversed(request["folders"]):
        if folder not in sys.path:
            sys.path.insert(0, folder)
    name, wanted = request["module"], request["name"]
    if name == "":
        raise Refused("missing", "expected module.function, found %s without a module" % wanted)
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(error.name + ".")):
            where = ", ".join(request["folders"]) or "nowhere but in Python's own folders"
            raise Refused("missing", "there is no module %s; looked in %s: correct the name or python-path" % (name, where))
        raise Refused("missing", "the module %s needs the module %s, which %s does not have: install it there (%s)" % (name, error.name, sys.executable, place(error)))
    except Exception as error:
        raise Refused("missing", "the module %s cannot be imported: %s: %s (%s)" % (name, type(error).__name__, error, place(error)))
    function = getattr(module, wanted, None)
    if not callable(function):
        names = sorted(n for n, f in vars(module).items() if inspect.isfunction(f) and f.__module__ == module.__name__)
        raise Refused("missing", "the module %s has no function %s; it has %s" % (name, wanted, ", ".join(names) or "none"))
    return function

def place(error):
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith("<")]
    return "%s:%d" % (os.path.basename(frames[-1].filename), frames[-1].lineno) if frames else "no place known"

ARGUMENTS = {
    "background-mask": ["gray"],
    "predict-voxels": ["gray", "mask"],
    "create-supervoxels": ["predictions", "mask"],
    "agglomerate-supervoxels": ["gray", "predictions", "supervoxels"],
}

def arguments_of(function, request):
    names = ARGUMENTS[request["step"]]
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return names
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    given = request["parameters"]
    if request["step"] == "agglomerate-supervoxels" and not any(p.kind == p.VAR_POSITIONAL for p in signature.parameters.values()):
        # The older form of the paper has no grey values.
        free = [p for p in signature.parameters.values() if p.kind in positional and p.name not in given and p.default is p.empty]
        if len(free) == 2:
            names = ["predictions", "supervoxels"]
    try:
        signature.bind(*names, **given)
    except TypeError as error:
        raise Refused("call", "it is called as %s(%s), but is %s%s: %s" % (
            request["name"], ", ".join(names + ["%s=…" % k for k in given]), request["name"], signature, error))
    return names

def load(stored):
    np = numpy()
    if stored is None:
        return None
    shape = tuple(stored["shape"])
    if 0 in shape:
        return np.empty(shape, stored["dtype"])
    return np.asarray(np.memmap(stored["file"], stored["dtype"], "c", shape=shape))

def wrong(text):
    return Refused("result", text)

def as_result(value, request):
    np = numpy()
    step, shape = request["step"], tuple(request["shape"])
    if step == "background-mask" and value is None:
        return None
    if not isinstance(value, np.ndarray):
        raise wrong("expected a numpy.ndarray, found %s" % type(value).__name__)
    kind = value.dtype.kind
    if step == "predict-voxels":
        if value.ndim == 3:
            value = value[..., np.newaxis]
        if value.ndim != 4 or value.shape[:3] != shape or value.shape[3] < 1:
            raise wrong("expected the shape %s (z, y, x), or one more axis of channels, found %s" % (shape, value.shape))
        if value.dtype != np.uint8:
            if kind not in "fb":
                raise wrong("expected float, bool or uint8 (value / 255), found %s" % value.dtype)
            value = value.astype(np.float32)
    else:
        if value.shape != shape:
            raise wrong("expected the shape %s (z, y, x), found %s" % (shape, value.shape))
        if kind not in "biu":
            raise wrong("expected %s, found %s" % ("bool" if step == "background-mask" else "whole numbers, such as uint32", value.dtype))
        if step == "background-mask":
            value = (value != 0).astype(np.uint8)
        elif value.dtype != np.uint32:
            if value.size and (int(value.min()) < 0 or int(value.max()) > 0xFFFFFFFF):
                raise wrong("expected labels from 0 to 2^32 - 1, found %d to %d" % (value.min(), value.max()))
            value = value.astype(np.uint32)
    try:
        value.tofile(request["result"])
    except OSError as error:
        raise Refused("room", "its result cannot be written: %s" % error)
    return {"dtype": str(value.dtype), "shape": list(value.shape)}

def answer(request):
    function = find(request)
    names = arguments_of(function, request)
    if request["arrays"] is None:  # only looked at before a run
        numpy()
        return None
    arrays = [load(request["arrays"][name]) for name in names]
    arrays = [a.astype(bool) if name == "mask" and a is not None else a for name, a in zip(names, arrays)]
    try:
        value = function(*arrays, **request["parameters"])
    except MemoryError:
        raise Refused("memory", "ran out of memory (MemoryError, %s)" % place(sys.exc_info()[1]))
    except BaseException as error:
        text = "exit(%s) was called" % error.code if isinstance(error, SystemExit) else "%s: %s" % (type(error).__name__, error)
        traceback.print_exc()
        raise Refused("failed", "%s (%s)" % (text, place(error)))
    return as_result(value, request)

while True:
    request = requests.get()
    try:
        reply = {"id": request["id"], "result": answer(request)}
    except Refused as refused:
        reply = {"id": request["id"], "refused": refused.kind, "text": str(refused)}
    except MemoryError as error:
        reply = {"id": request["id"], "refused": "memory", "text": "ran out of memory (MemoryError, %s)" % place(error)}
    except BaseException as error:
        traceback.print_exc()
        reply = {"id": request["id"], "refused": "failed", "text": "%s: %s" % (type(error).__name__, error)}
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
            os.write(1 if stream is sys.stdout else 2, ("\n%s\n" % request["end"]).encode())
        except Exception:
            pass
    answers.write(json.dumps(reply) + "\n")
`;
