//! The paths that may be read, and the paths of questions among them.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::source::Fence;

/// Files and folders that may be read.
#[derive(Clone, Debug)]
pub struct Roots {
    paths: Vec<PathBuf>,
    fence: Fence,
}

impl Roots {
    /// The paths of a command line.
    ///
    /// # Errors
    ///
    /// If one of them is not there.
    pub fn new(paths: &[PathBuf]) -> Result<Roots> {
        for path in paths {
            std::fs::metadata(path).with_context(|| path.display().to_string())?;
        }
        Ok(Roots { paths: paths.to_vec(), fence: Fence::around(paths.iter().map(PathBuf::as_path))? })
    }

    /// What reading may not leave.
    pub fn fence(&self) -> Fence {
        self.fence.clone()
    }

    /// The roots as they are shown.
    pub fn names(&self) -> String {
        self.paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
    }

    /// The place that a question names: a path as answers write it, or one below a root. Without one, all roots.
    ///
    /// # Errors
    ///
    /// If nothing of this name may be read. The error is the same whether something is there or not.
    pub fn chosen(&self, asked: Option<&str>) -> Result<Vec<PathBuf>> {
        let Some(asked) = asked.filter(|asked| !asked.is_empty()) else { return Ok(self.paths.clone()) };
        let path = Path::new(asked);
        let below = self.paths.iter().map(|root| root.join(path));
        let mut places = std::iter::once(path.to_path_buf()).chain(below.filter(|_| path.is_relative()));
        match places.find(|place| asked != "-" && place.exists() && self.fence.leads_inside(place)) {
            Some(place) => Ok(vec![place]),
            None => bail!("{asked}: nothing of this name may be read; this server reads {} alone", self.names()),
        }
    }

    /// The folder around a place, in which its repository is looked for.
    pub fn folder_of(place: &Path) -> PathBuf {
        match place.parent().filter(|_| !place.is_dir()) {
            Some(parent) if parent.as_os_str().is_empty() => PathBuf::from("."),
            Some(parent) => parent.to_path_buf(),
            None => place.to_path_buf(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_below_a_root_is_chosen() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        std::fs::create_dir_all(at("deploy/shop")).unwrap();
        std::fs::create_dir_all(at("other/.git")).unwrap();
        let roots = Roots::new(&[at("deploy")]).unwrap();
        let chosen = |asked: &str| roots.chosen(Some(asked)).map(|all| all[0].clone());
        assert_eq!(roots.chosen(None).unwrap(), [at("deploy")]);
        assert_eq!(chosen("shop").unwrap(), at("deploy/shop"));
        assert_eq!(chosen(at("deploy/shop").to_str().unwrap()).unwrap(), at("deploy/shop"));
        assert!(chosen(".").is_ok() && chosen("../deploy").is_ok());
        let outside = at("other");
        let refused = ["..", "../other", "shop/../../other", "/etc/passwd", "-", outside.to_str().unwrap(), "nothing"];
        for path in refused {
            let error = chosen(path).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{path}: nothing of this name may be read")), "{error}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(&outside, at("deploy/link")).unwrap();
            assert!(chosen("link").is_err());
        }
        assert!(Roots::new(&[at("nothing")]).is_err());
    }
}
