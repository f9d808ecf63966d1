/** Files as text, as the test runner hands them to a worker that has no file system. */
declare module "*?raw" {
  const text: string;
  export default text;
}

interface ImportMeta {
  glob(files: string, options: { query: "?raw"; import: "default"; eager: true }): Record<string, string>;
}
