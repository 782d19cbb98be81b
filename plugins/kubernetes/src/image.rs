//! Image references, taken apart.

use callboard_plugin::Image;

use crate::intern::Interner;

/// The image of a container: `reference` as it was asked for, `image_id` as the node tells what
/// runs.
///
/// A tag is what follows the last colon after the last slash; a digest what follows an `@`.
/// Source: distribution/reference, and the forms of `imageID` that containerd
/// (`repository@sha256:…`), CRI-O (`sha256:…`) and Docker (`docker-pullable://…`) give.
pub(crate) fn image(
    container: &str,
    reference: &str,
    image_id: Option<&str>,
    interner: &mut Interner,
) -> Image {
    let (named, asked_digest) = match reference.split_once('@') {
        Some((named, digest)) => (named, Some(digest)),
        None => (reference, None),
    };
    let path_start = named.rfind('/').map_or(0, |slash| slash + 1);
    let colon = named.rfind(':').filter(|colon| *colon > path_start);
    let (name, tag) = match colon.and_then(|colon| named.split_at_checked(colon)) {
        Some((name, tag)) => (name, tag.strip_prefix(':')),
        None => (named, None),
    };
    let runs = image_id.and_then(digest_of_id);
    Image {
        container: interner.text(container),
        name: interner.text(name),
        tag: interner.optional(tag),
        digest: interner.optional(runs.or(asked_digest)),
    }
}

fn digest_of_id(image_id: &str) -> Option<&str> {
    match image_id.rsplit_once('@') {
        Some((_, digest)) => Some(digest),
        None => Some(image_id).filter(|id| id.starts_with("sha256:")),
    }
}

/// What runs, from what the pods and the template say, in order and once each. An image that is
/// also known with its digest is not told again without it.
pub(crate) fn merged<'a>(images: impl Iterator<Item = &'a Image>) -> Vec<Image> {
    let mut all: Vec<Image> = images.cloned().collect();
    all.sort();
    all.dedup();
    let known: Vec<Image> = all.iter().filter(|image| image.digest.is_some()).cloned().collect();
    let is_same = |one: &Image, other: &Image| {
        (&one.container, &one.name, &one.tag) == (&other.container, &other.name, &other.tag)
    };
    all.retain(|image| image.digest.is_some() || !known.iter().any(|other| is_same(image, other)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(reference: &str, image_id: Option<&str>) -> (String, Option<String>, Option<String>) {
        let image = image("app", reference, image_id, &mut Interner::default());
        let text = |part: Option<std::sync::Arc<str>>| part.map(|part| part.to_string());
        (image.name.to_string(), text(image.tag), text(image.digest))
    }

    #[test]
    fn references_come_apart() {
        let cases = [
            ("ledger", ("ledger", None, None)),
            ("ledger:1.2", ("ledger", Some("1.2"), None)),
            ("host:5000/ledger", ("host:5000/ledger", None, None)),
            ("host:5000/bank/ledger:1", ("host:5000/bank/ledger", Some("1"), None)),
            ("ghcr.io/x:1@sha256:ab", ("ghcr.io/x", Some("1"), Some("sha256:ab"))),
            ("ghcr.io/x@sha256:ab", ("ghcr.io/x", None, Some("sha256:ab"))),
        ];
        for (reference, (name, tag, digest)) in cases {
            let expected = (name.to_owned(), tag.map(str::to_owned), digest.map(str::to_owned));
            assert_eq!(parts(reference, None), expected, "{reference}");
        }
    }

    #[test]
    fn the_digest_that_runs_wins() {
        for id in ["r/x@sha256:cd", "docker-pullable://r/x@sha256:cd", "sha256:cd"] {
            assert_eq!(parts("x:1@sha256:ab", Some(id)).2.as_deref(), Some("sha256:cd"));
        }
        assert_eq!(parts("x:1", Some("")).2, None);
        assert_eq!(parts("x:1", Some("docker://sha256:cd")).2, None);
    }

    #[test]
    fn an_image_is_told_once_and_with_its_digest() {
        let mut interner = Interner::default();
        let new = image("app", "x:2", None, &mut interner);
        let old = image("app", "x:1", None, &mut interner);
        let old_digest = image("app", "x:1", Some("sha256:ab"), &mut interner);
        let merged = merged([&old, &old_digest, &new, &old_digest].into_iter());
        assert_eq!(merged, [old_digest, new]);
    }
}
