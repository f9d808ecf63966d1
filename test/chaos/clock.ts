/** The clock of the helpdesks, of the PBXs and, told with each turn, of Trunkline. */
export class Clock {
  aheadMs = 0;
  began = Date.now();
  readonly now = () => Date.now() + this.aheadMs;

  begin(): void {
    this.began = this.now();
  }

  /** ms since the run began. */
  get sinceBegan(): number {
    return this.now() - this.began;
  }
}
