/** A TCP proxy whose connections can be cut; with a certificate it ends TLS, which Spark's server lacks. */
import { connect, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { Certificate } from "./certificate.ts";

export class TcpProxy {
  /** Connections so far. */
  connections = 0;
  /** Bytes from the server to the client so far. */
  bytesDown = 0;
  /** Cuts the connections each time so many more bytes have come down. */
  cutEvery = Number.POSITIVE_INFINITY;
  /** Drops new connections at once. */
  refuse = false;
  readonly #target: number;
  readonly #listener: Server;
  readonly #open = new Set<Socket>();
  #sinceCut = 0;

  private constructor(target: number, certificate?: Certificate) {
    this.#target = target;
    const accept = (client: Socket) => this.#accept(client);
    this.#listener =
      certificate === undefined ? createServer(accept) : createTlsServer({ ...certificate, ALPNProtocols: ["h2"] }, accept);
  }

  static async start(target: number, certificate?: Certificate): Promise<TcpProxy> {
    const proxy = new TcpProxy(target, certificate);
    await new Promise<void>((resolve) => proxy.#listener.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    return (this.#listener.address() as { port: number }).port;
  }

  /** Ends all connections without a word to HTTP/2. */
  cut(): void {
    this.#sinceCut = 0;
    for (const socket of this.#open) socket.destroy();
  }

  /** Swallows what the server sends on the connections that are open now: they look alive and are dead. */
  deafen(): void {
    for (const socket of this.#open) {
      socket.unpipe();
      socket.resume();
    }
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#listener.close(resolve));
  }

  #accept(client: Socket): void {
    if (this.refuse) return void client.destroy();
    this.connections++;
    const server = connect(this.#target, "127.0.0.1");
    server.on("data", (piece) => {
      this.bytesDown += piece.length;
      this.#sinceCut += piece.length;
      if (this.#sinceCut >= this.cutEvery) this.cut();
    });
    this.#join(client, server);
    this.#join(server, client);
  }

  #join(from: Socket, to: Socket): void {
    this.#open.add(from);
    from.on("error", () => {}); // a cut connection
    from.once("close", () => {
      this.#open.delete(from);
      to.destroy();
    });
    from.pipe(to);
  }
}
