/** The laws of the table's mixers, part 5 of 8. */
import { checkLaws } from "../laws.ts";

checkLaws(5, 8);
