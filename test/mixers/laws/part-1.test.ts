/** The laws of the table's mixers, part 1 of 8. */
import { checkLaws } from "../laws.ts";

checkLaws(1, 8);
