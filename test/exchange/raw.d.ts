/** A file as text, as the test runner hands it to a worker that has no file system. */
declare module "*?raw" {
  const text: string;
  export default text;
}
