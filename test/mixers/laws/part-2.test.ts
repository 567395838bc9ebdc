/** The laws of the table's mixers, part 2 of 8. */
import { checkLaws } from "../laws.ts";

checkLaws(2, 8);
