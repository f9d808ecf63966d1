/** The Worker: what the platform calls. */
import { routes } from "./routes.ts";

export { Exchange } from "./exchange/exchange.ts";
export { Courier } from "./recordings/courier.ts";

export default routes(() => Date.now());
