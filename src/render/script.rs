//! The script of every page: plain JavaScript of our own, in pieces below `templates/page/` that are read in this order
//! and share one scope.
//!
//! Each piece says in its first lines what it is for and uses only what stands before it. The page works without any of
//! it.

use std::sync::LazyLock;

/// The script of every page: the pieces without their comments and indentation.
pub(super) static SCRIPT: LazyLock<String> = LazyLock::new(|| lean(PIECES));

/// The pieces of the script as one text.
const PIECES: &str = concat!(
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

/// The lines of a script that are no comments, without their indentation. No text of ours goes over several lines.
fn lean(script: &str) -> String {
    let mut out = String::with_capacity(script.len());
    let mut in_comment = false;
    for line in script.lines().map(str::trim_start) {
        let begins = line.starts_with("/*");
        if !(in_comment || begins || line.starts_with("//")) {
            out.push_str(line);
            out.push('\n');
        }
        in_comment = (in_comment || begins) && !line.ends_with("*/");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_nothing_that_ends_it() {
        let small = SCRIPT.to_ascii_lowercase();
        assert!(!small.contains("</script") && !small.contains("<!--"));
    }

    #[test]
    fn comments_are_left_out_and_nothing_else() {
        assert_eq!(lean("/** A.\n * B. */\n  // C.\n  const a = 1; // D\n"), "const a = 1; // D\n");
        // Texts over several lines would lose their indentation.
        assert!(PIECES.lines().all(|line| line.matches('`').count() % 2 == 0));
        assert!(SCRIPT.len() < PIECES.len());
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
