//! The specs that the gateway knows methods by: those that are built in, and those that a user adds.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use alipay_codegen::ir::{Method, Notification, Spec, TypeDef, TypeRef};
use alipay_codegen::{Diagnostics, ReadError, SourceFile};

use crate::routes::{Route, Routes};

/// `(path below spec/, text)`, written by `build.rs`.
const EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/specs.rs"));

/// A method, and the specs that its types stand in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Described<'s> {
    pub(crate) spec: &'s Spec,
    pub(crate) method: &'s Method,
}

/// Where the types stand that fields refer to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Types<'s> {
    /// In the specs of a method.
    Method(Described<'s>),
    /// In a notification's own.
    Notification(&'s Notification),
}

impl<'s> Types<'s> {
    /// The definition that a reference means.
    pub(crate) fn resolve(self, reference: &TypeRef) -> Option<&'s TypeDef> {
        match self {
            Self::Method(described) => described.spec.resolve(described.method, reference),
            Self::Notification(notification) => {
                let mut types = notification.types.iter();
                types.find(|definition| definition.name == reference.name)
            }
        }
    }
}

/// The method that a request names.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target<'s> {
    /// It has a spec.
    Described(Described<'s>),
    /// It has none, but an answer to it was ordered.
    Undescribed(&'s str),
}

impl<'s> Target<'s> {
    /// Its name.
    pub(crate) fn name(self) -> &'s str {
        match self {
            Self::Described(described) => &described.method.name,
            Self::Undescribed(name) => name,
        }
    }

    /// What its spec says.
    pub(crate) fn method(self) -> Option<&'s Method> {
        match self {
            Self::Described(described) => Some(described.method),
            Self::Undescribed(_) => None,
        }
    }
}

/// Specs that a user adds.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// The YAML files below a folder.
    Folder(PathBuf),
    /// Texts.
    Files(Vec<SourceFile>),
}

/// Why specs can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpecError {
    /// A folder or a file can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Files are not sound: every problem of every file.
    #[error("the specs are not sound:\n{0}")]
    Unsound(Diagnostics),
    /// Two files describe the same method or notification, or have the same place in V3.
    #[error("`{name}` has two specs, {first} and {second}: remove one")]
    Duplicate {
        /// The method or the notification; or the verb and the path.
        name: String,
        /// Where it was described first.
        first: String,
        /// Where it is described again.
        second: String,
    },
}

/// All specs. Each set was checked by itself: types of one mean nothing in another, even in a product of the same name.
#[derive(Clone, Debug)]
pub(crate) struct Specs {
    sets: Arc<[Set]>,
    /// Where each method is.
    methods: Arc<HashMap<String, At>>,
    /// Where each method stands in V3.
    routes: Arc<Routes<At>>,
}

/// Where a method is: the set, its product, the place there.
type At = (usize, usize, usize);

#[derive(Clone, Debug)]
struct Set {
    spec: Arc<Spec>,
    /// What its files are called in errors.
    origin: String,
}

impl Specs {
    /// Those that are built in, and those that are added.
    pub(crate) fn load(added: Vec<Source>) -> Result<Self, SpecError> {
        let built_in = built_in()?;
        if added.is_empty() {
            return Ok(built_in);
        }
        let mut sets = built_in.sets.to_vec();
        for source in added {
            let (files, origin) = match source {
                Source::Folder(folder) => (alipay_codegen::read_specs(&folder)?, format!("{}/", folder.display())),
                Source::Files(files) => (files, "the added".to_owned()),
            };
            let spec = alipay_codegen::load(files).map_err(|problems| {
                SpecError::Unsound(match origin.strip_suffix('/') {
                    Some(folder) => problems.within(folder),
                    None => problems,
                })
            })?;
            sets.push(Set {
                spec: Arc::new(spec),
                origin,
            });
        }
        Self::index(sets)
    }

    fn index(sets: Vec<Set>) -> Result<Self, SpecError> {
        let mut methods = HashMap::new();
        let mut notifications: HashMap<&str, &Set> = HashMap::new();
        let mut places: HashMap<(&str, &str), (&Set, &Method)> = HashMap::new();
        let mut routes = Routes::default();
        for (at, set) in sets.iter().enumerate() {
            for (product_at, product) in set.spec.products.iter().enumerate() {
                for (method_at, method) in product.methods.iter().enumerate() {
                    let before = methods.insert(method.name.clone(), (at, product_at, method_at));
                    if let Some((first, product, place)) = before {
                        let first = &sets[first];
                        return Err(SpecError::Duplicate {
                            name: method.name.clone(),
                            first: first.file(&first.spec.products[product].methods[place].file),
                            second: set.file(&method.file),
                        });
                    }
                    let Some(v3) = &method.v3 else { continue };
                    routes.add(&v3.verb, &v3.path, (at, product_at, method_at));
                    if let Some((first, before)) = places.insert((&v3.verb, &v3.path), (set, method)) {
                        return Err(SpecError::Duplicate {
                            name: format!("{} {}", v3.verb, v3.path),
                            first: first.file(&before.file),
                            second: set.file(&method.file),
                        });
                    }
                }
            }
            for notification in &set.spec.notifications {
                if let Some(first) = notifications.insert(&notification.name, set) {
                    let file = format!("notify/{}.yaml", notification.name);
                    return Err(SpecError::Duplicate {
                        name: notification.name.clone(),
                        first: first.file(&file),
                        second: set.file(&file),
                    });
                }
            }
        }
        Ok(Self {
            methods: methods.into(),
            routes: routes.into(),
            sets: sets.into(),
        })
    }

    /// The method of this name.
    pub(crate) fn method(&self, name: &str) -> Option<Described<'_>> {
        self.methods.get(name).map(|&at| self.at(at))
    }

    /// The method at this verb and path of V3.
    pub(crate) fn route(&self, verb: &str, path: &str) -> Route<Described<'_>> {
        match self.routes.find(verb, path) {
            Route::Found(at, parameters) => Route::Found(self.at(at), parameters),
            Route::OtherVerb => Route::OtherVerb,
            Route::Unknown => Route::Unknown,
        }
    }

    fn at(&self, (set, product, method): At) -> Described<'_> {
        let spec = &self.sets[set].spec;
        Described {
            spec,
            method: &spec.products[product].methods[method],
        }
    }

    /// The names of all methods, sorted.
    pub(crate) fn methods(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.methods.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    /// The names of all notifications, sorted.
    pub(crate) fn notifications(&self) -> Vec<&str> {
        let all = self.sets.iter().flat_map(|set| &set.spec.notifications);
        let mut names: Vec<_> = all.map(|notification| notification.name.as_str()).collect();
        names.sort_unstable();
        names
    }

    /// The notification of this name.
    pub(crate) fn notification(&self, name: &str) -> Option<&Notification> {
        let mut all = self.sets.iter().flat_map(|set| &set.spec.notifications);
        all.find(|notification| notification.name == name)
    }
}

impl Set {
    /// What a file of it is called in errors.
    fn file(&self, path: &str) -> String {
        let joint = if self.origin.ends_with('/') { "" } else { " " };
        format!("{}{joint}{path}", self.origin)
    }
}

/// The specs as they stood when this crate was built. They are read once per process.
fn built_in() -> Result<Specs, SpecError> {
    static BUILT_IN: OnceLock<Specs> = OnceLock::new();
    if let Some(specs) = BUILT_IN.get() {
        return Ok(specs.clone());
    }
    let files = EMBEDDED.iter().map(|&(path, text)| SourceFile {
        path: path.to_owned(),
        text: text.to_owned(),
    });
    let spec = alipay_codegen::load(files).map_err(SpecError::Unsound)?;
    let specs = Specs::index(vec![Set {
        spec: Arc::new(spec),
        origin: "the built-in".to_owned(),
    }])?;
    Ok(BUILT_IN.get_or_init(|| specs).clone())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A spec file in the folder `test`.
    pub(crate) fn file(method: &str, rest: &str) -> SourceFile {
        SourceFile {
            path: format!("test/{method}.yaml"),
            text: format!(
                "method: {method}\ntitle: 测试\ndoc: Tests something.\nsource: https://opendocs.alipay.com/x\n{rest}"
            ),
        }
    }

    /// The built-in specs and these.
    pub(crate) fn with(files: Vec<SourceFile>) -> Specs {
        Specs::load(vec![Source::Files(files)]).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn added_specs_stand_beside_those_that_are_built_in() {
        // A product that is built in, with types of its own, one of which has the name of a built-in type.
        let mut thing = file(
            "alipay.trade.thing.get",
            "kind: server\nretry: read\nresponse:\n  goods: { type: GoodsDetail, doc: What it is. }\n",
        );
        thing.path = "trade/alipay.trade.thing.get.yaml".to_owned();
        thing.text += "types:\n  GoodsDetail:\n    doc: A thing of ours.\n    fields:\n      colour: { type: string, doc: My colour. }\n";
        let specs = with(vec![thing]);
        let thing = specs.method("alipay.trade.thing.get").unwrap();
        assert_eq!(thing.method.types.len(), 1);
        assert!(specs.method("alipay.trade.query").is_some());
        assert!(specs.methods().contains(&"alipay.trade.thing.get"));
    }

    #[test]
    fn two_specs_of_one_method_are_refused() {
        let mut query = file("alipay.trade.query", "kind: server\nretry: read\n");
        query.path = "trade/alipay.trade.query.yaml".to_owned();
        let error = Specs::load(vec![Source::Files(vec![query])]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`alipay.trade.query` has two specs, the built-in trade/alipay.trade.query.yaml and the added trade/alipay.trade.query.yaml: remove one"
        );
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("test")).unwrap();
        let twice = file("alipay.test.thing", "kind: server\nretry: read\n");
        std::fs::write(folder.path().join(&twice.path), &twice.text).unwrap();
        let sources = vec![Source::Files(vec![twice]), Source::Folder(folder.path().to_owned())];
        let error = Specs::load(sources).unwrap_err().to_string();
        let path = folder.path().display();
        assert!(
            error.contains(&format!("and {path}/test/alipay.test.thing.yaml: remove one")),
            "{error}"
        );
    }

    #[test]
    fn what_is_wrong_with_added_specs_is_told_with_its_file() {
        let error = Specs::load(vec![Source::Folder("/nowhere".into())]).unwrap_err();
        assert_eq!(error.to_string(), "cannot read /nowhere");
        let unsound = file("alipay.test.thing", "kind: sever\nretry: read\n");
        let error = Specs::load(vec![Source::Files(vec![unsound])]).unwrap_err().to_string();
        assert!(error.contains("test/alipay.test.thing.yaml"), "{error}");
    }
}
