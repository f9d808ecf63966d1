/**
 * When somebody wants a command to end: Ctrl-C, a polite kill, or the end of the process that started it. The local runtime
 * listens for signals too, and would end the process before anything is put away: it is not asked.
 */
export function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.removeAllListeners(signal);
    process.on(signal, () => stop.abort());
  }
  process.on("disconnect", () => stop.abort());
  return stop.signal;
}
