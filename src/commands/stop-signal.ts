const signals: readonly (string | symbol)[] = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * When somebody wants a command to end: Ctrl-C, a polite kill, or the end of the process that started it. The local runtime
 * listens for signals too, and would end the process before anything is put away: it is not asked, now or later.
 */
export function stopSignal(): AbortSignal {
  const stop = new AbortController();
  const end = () => stop.abort();
  for (const signal of signals) {
    process.removeAllListeners(signal);
    process.on(signal, end);
  }
  process.on("newListener", (name, listener) => {
    if (signals.includes(name)) queueMicrotask(() => process.off(name, listener));
  });
  process.on("disconnect", end);
  // It may have gone before anybody listened.
  if (process.connected === false) end();
  return stop.signal;
}
