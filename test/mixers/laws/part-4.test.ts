/** The laws of the table's mixers, part 4 of 8. */
import { checkLaws } from "../laws.ts";

checkLaws(4, 8);
