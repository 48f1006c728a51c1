// Small comforts of every page; each page works without them.
import { offerDialogs } from "./dialogs.js";
import { focusErrors, offerToShowPasswords } from "./fields.js";
import { closeMenusLikeMenus } from "./menus.js";

focusErrors();
offerToShowPasswords();
closeMenusLikeMenus();
offerDialogs();
// Windows that show somebody's data ask the server whether that person is still signed in.
if (!document.getElementById("idle") && "BroadcastChannel" in window) {
  new BroadcastChannel("klisza-session").postMessage({ left: 0 });
}
