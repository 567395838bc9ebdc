/** The laws of the table's mixers, part 0 of 8. */
import { checkLaws } from "../laws.ts";

checkLaws(0, 8);
