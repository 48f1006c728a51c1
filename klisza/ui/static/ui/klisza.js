// Small comforts of every page; each page works without them.
import { offerDialogs } from "./dialogs.js";
import { focusErrors, offerToShowPasswords } from "./fields.js";
import { closeMenusLikeMenus } from "./menus.js";

focusErrors();
offerToShowPasswords();
closeMenusLikeMenus();
offerDialogs();
