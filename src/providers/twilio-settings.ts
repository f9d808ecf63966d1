/** The `twilio` table of a channel: what our TwiML does with calls, when it is Trunkline that answers them. */
import * as z from "zod";

/** How many `<Dial>` rings at once. */
const maxForward = 10;

/** What `<Say>` takes. */
const maxGreeting = 4096;

const number = z.string().regex(/^\+[1-9]\d{6,14}$/, "must be a number such as +14155550100");

const destination = z
  .string()
  .regex(
    /^(\+[1-9]\d{6,14}|client:[^\s<>&"?]+|sips?:[^\s<>"@]+@[^\s<>"@]+)$/,
    "must be a number such as +14155550100, client:<identity> or sip:<user>@<host>",
  );

/** What is said of several keys is said even where another is wrong: all faults are named at once. */
const always = { when: ({ value }: { value: unknown }) => hasList(value) };

function hasList(value: unknown): boolean {
  return typeof value === "object" && value !== null && "forward" in value && Array.isArray(value.forward);
}

export const twilioSettings = z
  .strictObject({
    /** The user's own TwiML: it answers, Trunkline listens. */
    redirect: z.url({ protocol: /^https$/, error: "must be an https URL" }).optional(),
    /** Rings for an incoming call, all at once. */
    forward: z.array(destination).max(maxForward).default([]),
    ring_seconds: z.number().int().min(5).max(600).default(30),
    /** What customers see when a softphone calls them. Without it softphones do not call out. */
    caller_id: number.optional(),
    record: z.boolean().default(false),
    /** The greeting after which a caller whom nobody answers may leave a message. */
    voicemail: z.string().trim().min(1).max(maxGreeting).optional(),
    /** The custom parameter in which the softphone sends the number that it dials. */
    number_field: z.string().min(1).optional(),
  })
  .refine(({ redirect, forward }) => redirect === undefined || forward.length === 0, {
    ...always,
    path: ["forward"],
    message: "cannot stand beside redirect: either your own TwiML answers calls, or forward says who is rung",
  })
  .refine(({ voicemail, forward }) => voicemail === undefined || forward.length > 0, {
    ...always,
    path: ["voicemail"],
    message: "needs forward: it is offered when nobody there answers",
  })
  .prefault({});

export type TwilioSettings = z.infer<typeof twilioSettings>;
