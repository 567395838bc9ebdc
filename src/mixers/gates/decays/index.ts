/** The decay axis. */
import { axis } from "../../axis.ts";
import { constant } from "./constant.ts";
import { none } from "./none.ts";
import { powered } from "./powered.ts";
import { given } from "./projected.ts";
import { exponential, scaled, sigmoidal } from "./sigmoidal.ts";
import { bounded, selective, stepped } from "./stepped.ts";

/** All decays. */
export const decays = axis({
  none,
  constant,
  given,
  sigmoid: sigmoidal,
  step: stepped,
  selective,
  bounded,
  exponential,
  "scaled-sigmoid": scaled,
  powered,
});
