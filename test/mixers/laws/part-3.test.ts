/** The laws of the table's mixers, part 3 of 8. */
import { checkLaws } from "../laws.ts";

checkLaws(3, 8);
