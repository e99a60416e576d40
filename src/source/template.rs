//! Back from what Helm wrote to the templates that it came from.

use super::{STDIN_NAME, Sources, Span};

/// The template that a place of rendered text came from, as a path: what the comment `# Source: CHART/templates/x.yaml`
/// says that Helm writes before each document. With a chart that Helm was run on it begins with the folder of the
/// chart, else as the comment does. `None` for text that is no output of a program (a file is where it is, whatever its
/// comments say) and where no such comment stands before the document.
///
/// Lines of a template are not those of what is made of it, so there is none to tell.
pub fn template_of(sources: &Sources, at: Span) -> Option<String> {
    let name = sources.name(at.file);
    let chart = name.strip_prefix("helm:");
    if chart.is_none() && name != STDIN_NAME {
        return None;
    }
    let said = source_comment(sources.text(at.file), at.start as usize)?;
    match (chart, said.split_once('/')) {
        // The chart may have another name than its folder; what is not a folder is a packed chart.
        (Some(chart), Some((_, inside))) if !chart.ends_with(".tgz") => {
            Some(format!("{}/{inside}", chart.trim_end_matches('/')))
        }
        _ => Some(said.to_owned()),
    }
}

/// What the last `# Source:` comment before a place says, in its document, if it is a path that Helm could have
/// written: relative, without steps up, and a template or a CRD.
fn source_comment(text: &str, at: usize) -> Option<&str> {
    let mut end = at;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    // The line of the place itself counts no more than those before it.
    for line in text[..end].lines().rev() {
        if let Some(path) = line.strip_prefix("# Source: ") {
            let path = path.trim();
            let parts: Vec<&str> = path.split('/').collect();
            let plain = parts.iter().all(|p| !p.is_empty() && *p != "." && *p != "..")
                && !path.contains(['\\', ':'])
                && !path.chars().any(char::is_control);
            return (plain && parts.iter().skip(1).any(|p| *p == "templates" || *p == "crds")).then_some(path);
        }
        if line == "---" || line.starts_with("--- ") {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(name: &str, text: &str) -> Option<String> {
        let sources = Sources::from_texts([(name, text)]);
        let start = text.find("HERE").unwrap() as u32;
        let at = Span { file: sources.ids().next().unwrap(), line: 1, column: 1, start, end: start };
        template_of(&sources, at)
    }

    #[test]
    fn what_helm_wrote_names_its_templates() {
        let text = "---\n# Source: shop/templates/a.yaml\na: b\n---\n# Source: shop/charts/db/templates/b.yaml\nkind: X\nname: HERE\n";
        assert_eq!(template("<stdin>", text).as_deref(), Some("shop/charts/db/templates/b.yaml"));
        assert_eq!(
            template("helm:charts/my-shop/", text).as_deref(),
            Some("charts/my-shop/charts/db/templates/b.yaml")
        );
        assert_eq!(template("helm:shop-1.0.tgz", text).as_deref(), Some("shop/charts/db/templates/b.yaml"));
        // A file is where it is.
        assert_eq!(template("rendered.yaml", text), None);
    }

    #[test]
    fn other_comments_are_none() {
        for comment in [
            "https://example.com/templates/x.yaml",
            "../templates/x.yaml",
            "/templates/x",
            "shop/x.yaml",
            "a//templates/b",
            "",
        ] {
            assert_eq!(template("<stdin>", &format!("# Source: {comment}\nHERE: 1\n")), None, "{comment}");
        }
        assert_eq!(template("<stdin>", "# Source: a/templates/b.yaml\n---\nHERE: 1\n"), None);
    }
}
