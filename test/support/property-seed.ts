import fc from "fast-check";

// The suite draws the same values in every run, so that a change is judged by itself; PROPERTY_SEED=N draws others.
fc.configureGlobal({ seed: Number(process.env.PROPERTY_SEED ?? 1) });
