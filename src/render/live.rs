//! What pages of the live preview have beyond those in files: a script that shows what the server draws, and a version
//! by which it knows what it shows.

use sha2::{Digest, Sha256};

/// The script, which the policy of the page names by its hash.
pub(super) const SCRIPT: &str = include_str!("../../templates/serve.js");
/// The rules of what the script makes, after those of the page.
pub(super) const STYLE: &str = include_str!("../../templates/serve.css");

/// Where a page is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PageSetting {
    /// From a file: it does not change.
    #[default]
    File,
    /// From the server of the live preview: it changes with its input.
    Live,
}

/// What stands in the place of the version until it is known.
const UNKNOWN: &str = "<meta name=\"kubesketch-version\" content=\"0000000000000000\">";

/// A live page with its version, which is made of everything else on it: pages with the same version are the same.
pub fn versioned(page: &str) -> (String, String) {
    let digest = Sha256::digest(page.as_bytes());
    let version: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    // Texts of the input are escaped, so the first one is ours.
    let known = UNKNOWN.replace("0000000000000000", &version);
    (page.replacen(UNKNOWN, &known, 1), version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_into_the_page_does_not_end_its_element() {
        assert!(!SCRIPT.contains("</") && !SCRIPT.contains("<!--"));
        assert!(!STYLE.contains('<'));
    }

    #[test]
    fn a_version_is_made_of_everything_else() {
        let page = |text: &str| format!("<head>{UNKNOWN}</head>{text}");
        let (one, version) = versioned(&page("a"));
        assert!(one.contains(&version) && version.len() == 16);
        assert_eq!(versioned(&page("a")).1, version);
        assert_ne!(versioned(&page("b")).1, version);
    }
}
