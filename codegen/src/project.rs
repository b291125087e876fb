//! A folder of specs and the folder of code that comes from it.

use std::path::{Path, PathBuf};

use crate::manifest::commented;
use crate::tree::{features, files};
use crate::{
    Diagnostics, Difference, Differences, Options, ReadError, Root, Tree, WriteError, generate, ir, load, read_specs,
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
    /// The manifest isn't TOML.
    #[error("{path} is not TOML: {problem}")]
    Manifest {
        /// The manifest.
        path: String,
        /// What is wrong with it.
        problem: String,
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
        let manifest = self.manifest(&spec)?;
        self.tree(&spec).write(&self.base.join(&self.out))?;
        if let Some(Manifest { path, wanted, .. }) = manifest {
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
        if let Some(Manifest { path, found, wanted }) = self.manifest(&spec)?
            && found != wanted
        {
            let diff = crate::tree::excerpt(&found, &wanted);
            differences.0.push(Difference::Stale {
                path: path.to_owned(),
                diff,
            });
        }
        Ok(differences)
    }

    fn load(&self) -> Result<ir::Spec, ProjectError> {
        let files = read_specs(&self.base.join(&self.spec))?;
        load(files).map_err(|diagnostics| ProjectError::Unsound(diagnostics.within(&self.spec)))
    }

    fn tree(&self, spec: &ir::Spec) -> Tree {
        generate(spec, &Options { root: self.root })
    }

    fn manifest(&self, spec: &ir::Spec) -> Result<Option<Manifest<'_>>, ProjectError> {
        let Some(path) = &self.manifest else { return Ok(None) };
        let bytes = files::read(Path::new(&self.base.join(path)))?.unwrap_or_default();
        let found = String::from_utf8_lossy(&bytes).into_owned();
        let products: Vec<&str> = spec.products.iter().map(|product| product.name.as_str()).collect();
        let comments = spec.products.iter().filter_map(|product| {
            let about = product.about.as_ref()?;
            Some((product.name.as_str(), about.feature.as_deref()?))
        });
        let wanted = features::in_step(&found, &products).and_then(|manifest| commented(&manifest, comments));
        let wanted = wanted.map_err(|problem| ProjectError::Manifest {
            path: path.clone(),
            problem: problem.to_string(),
        })?;
        Ok(Some(Manifest { path, found, wanted }))
    }
}

struct Manifest<'p> {
    path: &'p str,
    found: String,
    wanted: String,
}
