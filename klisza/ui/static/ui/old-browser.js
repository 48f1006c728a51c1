// Only browsers that know no ES modules run this file (script nomodule), so it is written for them.
(function () {
  var notice = document.getElementById("old-browser");
  if (notice) {
    notice.removeAttribute("hidden");
  }
})();
