/** Requests to Twilio's API: below the account, by its SID and token. */
import { base64, rotation } from "../verify/hmac.ts";
import type { Account, ApiRequest } from "./provider.ts";
import type { TwilioSettings } from "./twilio-settings.ts";

/** A GET of `path`, which begins with a slash. Of secrets in rotation the first counts. */
export function accountGet(api: string, path: string, { secrets }: Account<TwilioSettings>): ApiRequest {
  const [account = ""] = rotation(secrets.get("TWILIO_ACCOUNT_SID"));
  const [token = ""] = rotation(secrets.get("TWILIO_AUTH_TOKEN"));
  return {
    url: `${api}/2010-04-01/Accounts/${encodeURIComponent(account)}${path}`,
    headers: { authorization: `Basic ${base64(new TextEncoder().encode(`${account}:${token}`))}` },
  };
}
