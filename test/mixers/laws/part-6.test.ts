/** The laws of the table's mixers, part 6 of 8. */
import { checkLaws } from "../laws.ts";

checkLaws(6, 8);
