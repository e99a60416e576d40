//! The script of every page: plain JavaScript of our own, in pieces below `templates/page/` that are read in this order
//! and share one scope.
//!
//! Each piece says in its first lines what it is for and uses only what stands before it. The page works without any of
//! it.

/// The pieces of the script as one text.
pub(super) const SCRIPT: &str = concat!(
    "\n(() => {\n\"use strict\";\n",
    include_str!("../../templates/page/base.js"),
    include_str!("../../templates/page/model.js"),
    include_str!("../../templates/page/reach.js"),
    include_str!("../../templates/page/camera.js"),
    include_str!("../../templates/page/picture.js"),
    include_str!("../../templates/page/yaml.js"),
    include_str!("../../templates/page/details.js"),
    include_str!("../../templates/page/route.js"),
    include_str!("../../templates/page/search.js"),
    include_str!("../../templates/page/filters.js"),
    include_str!("../../templates/page/matrix.js"),
    include_str!("../../templates/page/tables.js"),
    include_str!("../../templates/page/export.js"),
    include_str!("../../templates/page/keys.js"),
    include_str!("../../templates/page/main.js"),
    "})();\n"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_nothing_that_ends_it() {
        let small = SCRIPT.to_ascii_lowercase();
        assert!(!small.contains("</script") && !small.contains("<!--"));
    }

    #[test]
    fn it_makes_nothing_of_texts_but_texts() {
        for word in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
            "srcdoc",
            "javascript:",
        ] {
            assert!(!SCRIPT.contains(word), "{word}");
        }
    }
}
