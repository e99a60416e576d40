//! Other images in the place of some.

use super::fields::{self, Make};
use super::file::{self, Kustomization};
use super::resource::Resource;
use super::tree::Texts;
use super::{Outcome, Reason};
use crate::manifest::{Tree, Value};
use crate::source::Span;

/// What an image is to become.
struct Change<'t> {
    name: &'t str,
    new_name: Option<(&'t str, Span)>,
    new_tag: Option<(&'t str, Span)>,
    digest: Option<(&'t str, Span)>,
}

/// Applies `images`.
pub(super) fn images(texts: &Texts<'_>, k: &Kustomization, all: &mut [Resource]) -> Outcome<()> {
    let others = fields::images();
    for entry in k.list(texts, "images")? {
        file::only(texts, entry, &["name", "newName", "newTag", "digest"])?;
        let Some((name, span)) = file::text(texts, entry, "name")? else {
            return Err(texts.not(Reason::NotPlain, entry.span, "an image without a name"));
        };
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:@".contains(c)) {
            return Err(texts.not(Reason::NotPlain, span, "a pattern for the name of an image"));
        }
        let change = Change {
            name,
            new_name: file::text(texts, entry, "newName")?,
            new_tag: file::text(texts, entry, "newTag")?,
            digest: file::text(texts, entry, "digest")?,
        };
        for resource in all.iter_mut().filter(|r| r.kind() != "CustomResourceDefinition") {
            containers(&mut resource.tree, &change);
            for field in &others {
                fields::change(&mut resource.tree, &field.path, Make::Nothing, entry.span, &mut |image| {
                    change.apply(image);
                    Ok(())
                })?;
            }
        }
    }
    Ok(())
}

/// Changes the images of all lists `containers` and `initContainers`, wherever they are.
fn containers(tree: &mut Tree, change: &Change<'_>) {
    match &mut tree.value {
        Value::Seq(items) => items.iter_mut().for_each(|item| containers(item, change)),
        Value::Map(entries) => {
            for entry in entries {
                containers(&mut entry.value, change);
                if matches!(&*entry.key, "containers" | "initContainers") {
                    entry.value.items_mut().iter_mut().filter_map(|c| c.get_mut("image")).for_each(|i| change.apply(i));
                }
            }
        }
        _ => {}
    }
}

impl Change<'_> {
    fn apply(&self, image: &mut Tree) {
        let Some(text) = image.as_str().filter(|text| is_meant(text, self.name)) else { return };
        let (name, mut tag, mut digest) = parts(text);
        let name = self.new_name.map_or(name, |(name, _)| name);
        match (self.new_tag, self.digest) {
            (Some((new_tag, _)), Some((new_digest, _))) => (tag, digest) = (new_tag, new_digest),
            (Some((new_tag, _)), None) => (tag, digest) = (new_tag, ""),
            (None, Some((new_digest, _))) => (tag, digest) = ("", new_digest),
            (None, None) => {}
        }
        let mut changed = name.to_owned();
        for (sign, part) in [(':', tag), ('@', digest)].into_iter().filter(|(_, part)| !part.is_empty()) {
            changed.push(sign);
            changed.push_str(part);
        }
        if changed != text {
            let said = [self.digest, self.new_tag, self.new_name].into_iter().flatten().next();
            *image = super::edit::text(&changed, said.map_or(image.span, |(_, span)| span));
        }
    }
}

/// Whether a name means an image. kustomize takes it for a pattern, in which a dot is any letter.
fn is_meant(image: &str, name: &str) -> bool {
    let mut rest = image.chars();
    for wanted in name.chars() {
        match rest.next() {
            Some(found) if found == wanted || (wanted == '.' && found != '\n') => {}
            _ => return false,
        }
    }
    let is_part = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "_.{}-".contains(c));
    let rest = rest.as_str();
    let (tag, digest) = rest.split_once('@').map_or((rest, None), |(tag, digest)| (tag, Some(digest)));
    let tag_fits = tag.is_empty() || tag.strip_prefix(':').is_some_and(is_part);
    let digest_fits = digest.is_none_or(|d| d.strip_prefix("sha256:").is_some_and(is_part));
    tag_fits && digest_fits
}

/// Name, tag and digest of an image.
fn parts(image: &str) -> (&str, &str, &str) {
    let after_host = image.find('/').unwrap_or(0);
    let (name, digest) = match image[after_host..].find('@') {
        Some(at) => (&image[..after_host + at], &image[after_host + at + 1..]),
        None => (image, ""),
    };
    match name[after_host..].find(':') {
        Some(at) => (&name[..after_host + at], &name[after_host + at + 1..], digest),
        None => (name, "", digest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_told_apart() {
        assert_eq!(parts("nginx"), ("nginx", "", ""));
        assert_eq!(parts("host:5000/a/b:1.2@sha256:ff"), ("host:5000/a/b", "1.2", "sha256:ff"));
        assert_eq!(parts("a@sha256:ff"), ("a", "", "sha256:ff"));
        assert!(is_meant("nginx:1.2", "nginx") && is_meant("nginx@sha256:ff", "nginx") && is_meant("a.b/c", "a.b/c"));
        assert!(!is_meant("nginx-x", "nginx") && !is_meant("x/nginx", "nginx") && !is_meant("nginx:1/2", "nginx"));
    }
}
