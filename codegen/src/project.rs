//! A folder of specs and the folder of code that comes from it.

use std::path::PathBuf;

use toml_edit::TomlError;

use crate::manifest::commented;
use crate::tree::{features, files};
use crate::{
    Diagnostics, Difference, Differences, Options, ReadError, Root, SourceFile, Tree, WriteError, generate, ir, load,
    load_labelled, read_specs,
};

/// Specs, and where their code belongs.
#[derive(Clone, Debug)]
pub struct Project {
    /// What the other paths are relative to.
    pub base: PathBuf,
    /// The folder of the specs.
    pub spec: String,
    /// The folder of the generated code, and of nothing else.
    pub out: String,
    /// The `Cargo.toml` whose features are kept in step with the products.
    pub manifest: Option<String>,
    /// What the code is for.
    pub root: Root,
    /// What is written for readers.
    pub pages: Vec<Page>,
}

/// A text for readers that is written from specs, whole or in part.
#[derive(Clone, Debug)]
pub struct Page {
    /// The file.
    pub path: String,
    /// Its text, from the specs and the text that is there now; `None` where that has no place for it.
    pub text: fn(&ir::Spec, &str) -> Option<String>,
}

/// Code could not be generated or compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProjectError {
    /// A spec can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Specs are unsound.
    #[error("{0}")]
    Unsound(Diagnostics),
    /// A generated file can't be read, written or removed.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A spec can't be written where something stands that was not read as one.
    #[error(
        "{path} is there and was not read as a spec, since it is a symbolic link or no file: move it away; nothing was written"
    )]
    InTheWay {
        /// The file, or the product's folder.
        path: String,
    },
    /// The manifest isn't TOML.
    #[error("{path} is not TOML: {problem}")]
    Manifest {
        /// The manifest.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A page has no place for what belongs there.
    #[error("{path} lacks the table that the specs fill")]
    Page {
        /// The page.
        path: String,
    },
}

impl Project {
    /// Writes what the specs ask for, and removes from the folder of generated code what was generated and they ask for no more.
    ///
    /// # Errors
    /// When a spec is unsound or a file can't be read, written or removed. Nothing is written unless all specs are sound and the folder holds nothing
    /// but generated code.
    pub fn write(&self) -> Result<(), ProjectError> {
        let spec = self.load()?;
        self.write_of(&spec, &self.tree(&spec))
    }

    fn write_of(&self, spec: &ir::Spec, tree: &Tree) -> Result<(), ProjectError> {
        let beside = self.beside(spec)?;
        tree.write(&self.base.join(&self.out))?;
        for Beside { path, wanted, .. } in beside {
            files::write(&self.base.join(path), &wanted)?;
        }
        Ok(())
    }

    /// What [`write`](Self::write) would change. Paths begin at the base.
    ///
    /// # Errors
    /// When a spec is unsound, a file can't be read, or the folder holds what was not generated.
    pub fn compare(&self) -> Result<Differences, ProjectError> {
        let spec = self.load()?;
        let mut differences = self.tree(&spec).compare(&self.base.join(&self.out))?.within(&self.out);
        for Beside { path, found, wanted } in self.beside(&spec)? {
            if found != wanted {
                let diff = crate::tree::excerpt(&found, &wanted);
                let path = path.to_owned();
                differences.0.push(Difference::Stale { path, diff });
            }
        }
        Ok(differences)
    }

    /// The specs as they are; none where there is no folder yet.
    #[cfg(feature = "catalogue")]
    pub(crate) fn specs(&self) -> Result<Vec<SourceFile>, ProjectError> {
        let folder = self.base.join(&self.spec);
        Ok(if folder.exists() {
            read_specs(&folder)?
        } else {
            Vec::new()
        })
    }

    /// Adds files to the specs, or puts them in the place of those that are there, and writes the code. Nothing is written before all specs are sound and
    /// the folder of the code is known to hold nothing else, and what was not read as a spec is never written over.
    #[cfg(feature = "catalogue")]
    pub(crate) fn with(&self, mut specs: Vec<SourceFile>, files: &[SourceFile]) -> Result<ir::Spec, ProjectError> {
        let fresh: Vec<&str> = files
            .iter()
            .map(|file| file.path.as_str())
            .filter(|path| specs.iter().all(|spec| spec.path != *path))
            .collect();
        specs.retain(|spec| files.iter().all(|file| file.path != spec.path));
        specs.extend(files.iter().cloned());
        let spec = self.check(specs)?;
        files::generated(&self.base.join(&self.out))?;
        for path in fresh {
            self.is_free(path)?;
        }
        let tree = self.tree(&spec);
        for SourceFile { path, text } in files {
            files::write(&self.base.join(&self.spec).join(path), text)?;
        }
        self.write_of(&spec, &tree)?;
        Ok(spec)
    }

    /// An error where a new spec would be written through a symbolic link, or over something.
    #[cfg(feature = "catalogue")]
    fn is_free(&self, path: &str) -> Result<(), ProjectError> {
        let found = |path: &str| {
            let path = self.base.join(&self.spec).join(path);
            match std::fs::symlink_metadata(&path) {
                Ok(found) => Ok(Some(found)),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(WriteError::new("read", &path, error)),
            }
        };
        let in_the_way = |path| ProjectError::InTheWay {
            path: self.spec_path(path),
        };
        if let Some((folder, _)) = path.split_once('/')
            && found(folder)?.is_some_and(|found| !found.is_dir())
        {
            return Err(in_the_way(folder));
        }
        match found(path)? {
            Some(_) => Err(in_the_way(path)),
            None => Ok(()),
        }
    }

    /// A spec's path, as it begins at the base.
    #[cfg(feature = "catalogue")]
    pub(crate) fn spec_path(&self, path: &str) -> String {
        format!("{}/{path}", self.spec.trim_end_matches('/'))
    }

    fn load(&self) -> Result<ir::Spec, ProjectError> {
        self.check(read_specs(&self.base.join(&self.spec))?)
    }

    fn check(&self, files: Vec<SourceFile>) -> Result<ir::Spec, ProjectError> {
        let spec = match self.root {
            Root::Library => load_labelled(files),
            Root::User => load(files),
        };
        spec.map_err(|diagnostics| ProjectError::Unsound(diagnostics.within(&self.spec)))
    }

    fn tree(&self, spec: &ir::Spec) -> Tree {
        generate(spec, &Options { root: self.root })
    }

    /// The manifest and the pages.
    fn beside(&self, spec: &ir::Spec) -> Result<Vec<Beside<'_>>, ProjectError> {
        let mut beside = Vec::new();
        if let Some(path) = &self.manifest {
            let found = self.found(path)?;
            let wanted = manifest(&found, spec).map_err(|problem| ProjectError::Manifest {
                path: path.clone(),
                problem: problem.to_string(),
            })?;
            beside.push(Beside { path, found, wanted });
        }
        for Page { path, text } in &self.pages {
            let found = self.found(path)?;
            let Some(wanted) = text(spec, &found) else {
                return Err(ProjectError::Page { path: path.clone() });
            };
            beside.push(Beside { path, found, wanted });
        }
        Ok(beside)
    }

    /// A file's text, empty where there is no such file.
    fn found(&self, path: &str) -> Result<String, ProjectError> {
        let bytes = files::read(&self.base.join(path))?.unwrap_or_default();
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// The manifest's text as the specs ask for it.
fn manifest(found: &str, spec: &ir::Spec) -> Result<String, TomlError> {
    let products: Vec<&str> = spec.products.iter().map(|product| product.name.as_str()).collect();
    let comments = spec.products.iter().filter_map(|product| {
        let about = product.about.as_ref()?;
        Some((product.name.as_str(), about.feature.as_deref()?))
    });
    commented(&features::in_step(found, &products)?, comments)
}

/// A file beside the generated code.
struct Beside<'p> {
    path: &'p str,
    found: String,
    wanted: String,
}
