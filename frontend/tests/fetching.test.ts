import { beforeEach, describe, expect, it, vi } from 'vitest';
import { LoadFailed } from '../viewer/errors';
import { Fetcher } from '../viewer/fetcher';
import { Ticket } from '../viewer/ticket';

const SETTINGS = { base: '/dicom-web/t/one', ticketUrl: '/viewer/1/ticket/', csrfToken: 'c', renewEvery: 240 };
const answer = (status: number, body: unknown = {}) => new Response(JSON.stringify(body), { status });
const renewed = () => answer(200, { base: '/dicom-web/t/two' });
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => 'none',
    (error: unknown) => (error instanceof LoadFailed ? error.kind : String(error)),
  );

describe('ticket', () => {
  it('moves the base when renewed', async () => {
    const ticket = new Ticket(SETTINGS, async () => renewed());
    await ticket.renew();
    expect(ticket.base).toBe('/dicom-web/t/two');
  });

  it('is asked for once by many callers', async () => {
    const post = vi.fn(async () => renewed());
    const ticket = new Ticket(SETTINGS, post);
    await Promise.all([ticket.renew(), ticket.renew(), ticket.renew()]);
    expect(post).toHaveBeenCalledTimes(1);
  });

  it('is not renewed for a forgotten window', () => {
    const post = vi.fn(async () => renewed());
    const ticket = new Ticket(SETTINGS, post);
    ticket.renewIfActive();
    expect(post).not.toHaveBeenCalled();
    ticket.noteActivity();
    ticket.renewIfActive();
    expect(post).toHaveBeenCalledTimes(1);
  });

  it.each([
    [401, 'session'],
    [403, 'session'],
    [404, 'gone'],
    [503, 'network'],
  ])('status %i is told as %s', async (status, kind) => {
    expect(await failure(new Ticket(SETTINGS, async () => answer(status)).renew())).toBe(kind);
  });
});

describe('fetcher', () => {
  let asked: string[];
  const server = (...answers: (Response | Error)[]) => {
    asked = [];
    return (async (address: unknown) => {
      asked.push(String(address));
      const next = answers.shift() ?? answer(200);
      if (next instanceof Error) throw next;
      return next;
    }) as typeof fetch;
  };
  const made = (get: typeof fetch, post = async () => renewed()) =>
    new Fetcher(new Ticket(SETTINGS, post), get, [0, 0]);

  beforeEach(() => {
    asked = [];
  });

  it('renews an expired ticket and asks again', async () => {
    await made(server(answer(401), answer(200))).fetch('x');
    expect(asked).toEqual(['/dicom-web/t/one/x', '/dicom-web/t/two/x']);
  });

  it('gives up when a fresh ticket is refused too', async () => {
    expect(await failure(made(server(answer(404), answer(404))).fetch('x'))).toBe('gone');
  });

  it('tells an ended session', async () => {
    const fetcher = made(server(answer(401)), async () => answer(401));
    expect(await failure(fetcher.fetch('x'))).toBe('session');
  });

  it('survives a short loss of the network', async () => {
    await made(server(new TypeError('offline'), answer(503), answer(200))).fetch('x');
    expect(asked).toHaveLength(3);
  });

  it('tells a long one', async () => {
    const gone = new TypeError('offline');
    expect(await failure(made(server(gone, gone, gone)).fetch('x'))).toBe('network');
  });
});
