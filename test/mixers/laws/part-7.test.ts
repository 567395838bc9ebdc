/** The laws of the table's mixers, part 7 of 8. */
import { checkLaws } from "../laws.ts";

checkLaws(7, 8);
