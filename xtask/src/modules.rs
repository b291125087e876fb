//! The graph of a crate's modules: who uses whom. A circle is a fault.
//!
//! A node is a module of the crate's root, or one inside a module that is divided. What stands under `cfg(test)` and in docs does not count, and a module
//! that re-exports what stands in modules of its own does not use it.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::Visit;

/// The modules of a crate's root whose inner modules are nodes of their own.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Divided {
    #[default]
    None,
    /// The one of this name, to one level.
    Only(&'static str),
    /// All of them, to any depth.
    All,
}

/// A crate of the workspace: its root's file, and how finely it is looked at.
pub(crate) const CRATES: [(&str, Divided); 5] = [
    // Each product, notification and code of the gateway is generated for itself.
    ("alipay-api/src/lib.rs", Divided::Only("generated")),
    ("codegen/src/lib.rs", Divided::All),
    ("examples/shop/src/lib.rs", Divided::None),
    ("tests/mock/src/lib.rs", Divided::None),
    ("xtask/src/main.rs", Divided::All),
];

/// Who uses whom, and the file that shows it.
#[derive(Default)]
pub(crate) struct Graph(BTreeMap<String, BTreeMap<String, PathBuf>>);

impl Graph {
    /// Reads a crate's modules, from its root's file on.
    pub(crate) fn read(root: &Path, divided: Divided) -> Result<Self, Box<dyn Error>> {
        let items = parse(root)?.items;
        let mut files = Vec::new();
        collect(root.parent().unwrap_or(root), &items, &[], &mut files)?;
        let mut names = Names {
            divided,
            modules: files.iter().map(|(path, _, _)| path.clone()).collect(),
            ..Names::default()
        };
        for item in &items {
            if let syn::Item::Mod(module) = item
                && module.content.is_some()
            {
                names.inline.insert(module.ident.to_string());
            }
        }
        names.exports(&[], &items);
        for (path, _, items) in &files {
            names.exports(path, items);
        }
        let mut graph = Self::default();
        for (path, file, items) in &files {
            let mut visitor = Visitor {
                module: path.clone(),
                modules: &names.modules,
                found: Vec::new(),
            };
            for item in items {
                visitor.visit_item(item);
            }
            let from = names.node(path).ok_or("a module without a name")?;
            for reference in visitor.found {
                if reference.first().is_some_and(|first| names.inline.contains(first)) {
                    continue;
                }
                let Some(to) = names.node(&reference) else {
                    let reference = reference.join("::");
                    return Err(format!("{}: crate::{reference} is in no module that is known", file.display()).into());
                };
                if from != to {
                    let uses = graph.0.entry(from.clone()).or_default();
                    uses.entry(to).or_insert_with(|| file.clone());
                }
            }
        }
        Ok(graph)
    }

    /// A circle, each node using the next and the last the first, with the files that show it.
    pub(crate) fn circle(&self) -> Option<Vec<(String, PathBuf)>> {
        let mut done = BTreeSet::new();
        self.0
            .keys()
            .find_map(|start| self.circle_from(start, &mut Vec::new(), &mut done))
    }

    fn circle_from(
        &self,
        node: &str,
        way: &mut Vec<(String, PathBuf)>,
        done: &mut BTreeSet<String>,
    ) -> Option<Vec<(String, PathBuf)>> {
        if let Some(start) = way.iter().position(|(before, _)| before == node) {
            return Some(way[start..].to_vec());
        }
        if !done.contains(node) {
            for (next, file) in self.0.get(node).into_iter().flatten() {
                way.push((node.to_owned(), file.clone()));
                let circle = self.circle_from(next, way, done);
                if circle.is_some() {
                    return circle;
                }
                way.pop();
            }
            done.insert(node.to_owned());
        }
        None
    }

    /// The modules in an order in which each uses only those before it, where there is no circle.
    pub(crate) fn order(&self) -> Vec<String> {
        let mut order = Vec::new();
        for node in self.0.keys() {
            self.place(node, &mut order);
        }
        order
    }

    fn place(&self, node: &str, order: &mut Vec<String>) {
        if order.iter().any(|placed| placed == node) {
            return;
        }
        for next in self.0.get(node).into_iter().flat_map(BTreeMap::keys) {
            self.place(next, order);
        }
        order.push(node.to_owned());
    }
}

/// What stands behind `crate::`.
#[derive(Default)]
struct Names {
    divided: Divided,
    modules: BTreeSet<Vec<String>>,
    /// Names that modules import or export, as paths from the root, and the modules where they come from.
    exports: BTreeMap<Vec<String>, Vec<String>>,
    /// Modules of which the root exports everything.
    globs: Vec<Vec<String>>,
    /// Modules that stand in the root's own file.
    inline: BTreeSet<String>,
}

impl Names {
    /// Notes what a module imports and exports, and its macros, which the root has.
    fn exports(&mut self, module: &[String], items: &[syn::Item]) {
        for item in items {
            match item {
                syn::Item::Use(item) => leaves(&item.tree, &mut Vec::new(), &mut |path, name| {
                    let Some(origin) = from_root(module, path, &self.modules) else {
                        return;
                    };
                    if name != "*" {
                        let name = module.iter().cloned().chain([name.to_owned()]).collect();
                        self.exports.insert(name, origin);
                    } else if module.is_empty() {
                        self.globs.push(origin);
                    }
                }),
                syn::Item::Macro(item) => {
                    if let Some(name) = &item.ident {
                        self.exports.insert(vec![name.to_string()], module.to_vec());
                    }
                }
                _ => {}
            }
        }
    }
    /// So many segments of a path that begins with this module are a node.
    fn depth(&self, module: &str, whole: usize) -> usize {
        match self.divided {
            Divided::Only(name) if name == module => 2,
            Divided::All => whole,
            Divided::None | Divided::Only(_) => 1,
        }
    }
    /// The node that a path from the root leads to.
    fn node(&self, path: &[String]) -> Option<String> {
        self.node_by(path, &mut BTreeSet::new())
    }

    fn node_by<'p>(&'p self, path: &'p [String], seen: &mut BTreeSet<&'p [String]>) -> Option<String> {
        let first = path.first()?;
        // Two modules that import a name from each other.
        if !seen.insert(path) {
            return None;
        }
        if self.modules.contains(&path[..1]) {
            let path = &path[..path.len().min(self.depth(first, path.len()))];
            let mut ends = (1..=path.len()).rev();
            let deepest = ends.find(|&end| self.modules.contains(&path[..end]))?;
            // What a module only passes on is where it comes from.
            let passed_on = path
                .get(..=deepest)
                .and_then(|name| self.exports.get(name))
                .filter(|origin| origin.len() > deepest && origin.starts_with(&path[..deepest]));
            return match passed_on {
                Some(origin) => self.node_by(origin, seen),
                None => Some(path[..deepest].join("::")),
            };
        }
        if let Some(origin) = self.exports.get(&path[..1]) {
            return self.node_by(origin, seen);
        }
        self.globs.iter().find_map(|glob| {
            let behind: Vec<_> = glob.iter().chain([first]).cloned().collect();
            self.modules.contains(&behind).then(|| self.node(&behind)).flatten()
        })
    }
}

/// A path in a module as one from the root; `None` of another crate's, and of what can't be told without knowing all names.
fn from_root(module: &[String], path: &[String], modules: &BTreeSet<Vec<String>>) -> Option<Vec<String>> {
    let (first, mut rest) = path.split_first()?;
    let mut from = match first.as_str() {
        "crate" => Vec::new(),
        "super" => module.split_last()?.1.to_vec(),
        "self" => module.to_vec(),
        _ => {
            let inner: Vec<_> = module.iter().chain([first]).cloned().collect();
            modules.contains(&inner).then_some(inner)?
        }
    };
    while let Some((_, behind)) = rest.split_first().filter(|(first, _)| *first == "super") {
        from.pop();
        rest = behind;
    }
    from.extend(rest.iter().filter(|part| *part != "self" && *part != "*").cloned());
    Some(from)
}

type Module = (Vec<String>, PathBuf, Vec<syn::Item>);

/// Finds the files of the modules that are declared, and what they hold.
fn collect(folder: &Path, items: &[syn::Item], path: &[String], files: &mut Vec<Module>) -> Result<(), Box<dyn Error>> {
    for item in items {
        let syn::Item::Mod(module) = item else { continue };
        if module.content.is_some() || is_test(&module.attrs) {
            continue;
        }
        let name = module.ident.to_string();
        let path: Vec<_> = path.iter().cloned().chain([name.clone()]).collect();
        let inside = folder.join(&name);
        let beside = folder.join(format!("{name}.rs"));
        let file = if beside.exists() { beside } else { inside.join("mod.rs") };
        let parsed = parse(&file)?;
        collect(&inside, &parsed.items, &path, files)?;
        files.push((path, file, parsed.items));
    }
    Ok(())
}

fn parse(file: &Path) -> Result<syn::File, Box<dyn Error>> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    syn::parse_file(&text).map_err(|error| format!("{}: {error}", file.display()).into())
}

/// `test`, or `all(test, …)`.
fn is_for_tests(condition: &str) -> bool {
    let all = condition.strip_prefix("all").map(str::trim_start);
    let first = all.and_then(|all| all.strip_prefix('(')).unwrap_or(condition);
    first
        .split([',', ')'])
        .next()
        .is_some_and(|first| first.trim() == "test")
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) if list.path.is_ident("cfg") => is_for_tests(&list.tokens.to_string()),
        _ => false,
    })
}

/// Gives the path and the name of everything that a `use` imports.
fn leaves(tree: &syn::UseTree, path: &mut Vec<String>, give: &mut dyn FnMut(&[String], &str)) {
    match tree {
        syn::UseTree::Path(tree) => {
            path.push(tree.ident.to_string());
            leaves(&tree.tree, path, give);
            path.pop();
        }
        syn::UseTree::Group(group) => group.items.iter().for_each(|tree| leaves(tree, path, give)),
        syn::UseTree::Name(name) => give(path, &name.ident.to_string()),
        syn::UseTree::Rename(rename) => give(path, &rename.ident.to_string()),
        syn::UseTree::Glob(_) => give(path, "*"),
    }
}

/// Collects what a module refers to, as paths from the root.
struct Visitor<'m> {
    module: Vec<String>,
    modules: &'m BTreeSet<Vec<String>>,
    found: Vec<Vec<String>>,
}

impl Visitor<'_> {
    fn refer(&mut self, path: &[String]) {
        let path = from_root(&self.module, path, self.modules);
        self.found.extend(path.filter(|path| !path.is_empty()));
    }

    /// Paths in what no parser has looked at.
    fn scan(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut goes_on = false;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) if goes_on || ident == "crate" => {
                    if !goes_on {
                        self.refer(&std::mem::take(&mut path));
                    }
                    path.push(ident.to_string());
                    goes_on = false;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' && !path.is_empty() => goes_on = true,
                other => {
                    self.refer(&std::mem::take(&mut path));
                    goes_on = false;
                    if let TokenTree::Group(group) = other {
                        self.scan(group.stream());
                    }
                }
            }
        }
        self.refer(&path);
    }
}

impl<'a> Visit<'a> for Visitor<'_> {
    fn visit_item(&mut self, item: &'a syn::Item) {
        match item {
            syn::Item::Mod(module) if is_test(&module.attrs) => {}
            syn::Item::Mod(module) => {
                self.module.push(module.ident.to_string());
                syn::visit::visit_item_mod(self, module);
                self.module.pop();
            }
            syn::Item::Fn(function) if is_test(&function.attrs) => {}
            syn::Item::Impl(block) if is_test(&block.attrs) => {}
            syn::Item::Use(item) if is_test(&item.attrs) => {}
            syn::Item::Use(item) => {
                let mut found = Vec::new();
                leaves(&item.tree, &mut Vec::new(), &mut |path, name| {
                    found.push(path.iter().cloned().chain([name.to_owned()]).collect::<Vec<_>>());
                });
                // What a module re-exports of its own is used by others.
                let is_private = matches!(item.vis, syn::Visibility::Inherited);
                for path in &found {
                    let path = from_root(&self.module, path, self.modules).filter(|path| !path.is_empty());
                    self.found
                        .extend(path.filter(|path| is_private || !path.starts_with(&self.module)));
                }
            }
            other => syn::visit::visit_item(self, other),
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'a syn::ImplItemFn) {
        if !is_test(&function.attrs) {
            syn::visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_attribute(&mut self, _: &'a syn::Attribute) {}

    /// `pub(super)` uses nothing.
    fn visit_visibility(&mut self, _: &'a syn::Visibility) {}

    fn visit_path(&mut self, path: &'a syn::Path) {
        let parts: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.refer(&parts);
        syn::visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, invoked: &'a syn::Macro) {
        self.visit_path(&invoked.path);
        // Paths of the code that is made, not of this.
        if invoked.path.is_ident("quote") {
            return;
        }
        self.scan(invoked.tokens.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(divided: Divided, files: &[(&str, &str)]) -> Graph {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Graph::read(&folder.path().join("lib.rs"), divided).unwrap()
    }

    fn nodes(circle: Option<Vec<(String, PathBuf)>>) -> Vec<String> {
        circle.into_iter().flatten().map(|(node, _)| node).collect()
    }

    #[test]
    fn a_circle_is_found_however_it_is_written() {
        for used in [
            "use crate::a::A;",
            "use crate::{a::A, b};",
            "use crate::A;",
            "use super::a;",
            "fn f() -> u8 { crate::a::f() }",
            "impl crate::A { }",
            "fn f() { vec![crate::a::f()]; }",
            "mod inner { use super::super::a; }",
            "mod inner; ",
        ] {
            let found = graph(
                Divided::None,
                &[
                    ("lib.rs", "mod a; mod b; pub use self::{a::A};"),
                    ("a.rs", "use crate::b; pub struct A;"),
                    ("b/mod.rs", used),
                    ("b/inner.rs", "use crate::a::A;"),
                ],
            );
            assert_eq!(nodes(found.circle()), ["a", "b"], "{used}");
        }
    }

    #[test]
    fn tests_docs_and_what_is_beneath_make_no_circle() {
        let found = graph(
            Divided::Only("generated"),
            &[
                ("lib.rs", "mod a; mod b; mod generated; pub use generated::*;"),
                ("a.rs", "use crate::b; use crate::generated::codes; pub struct A;"),
                (
                    "b.rs",
                    "/// See [`crate::a`].\n#[cfg(test)] mod tests { use crate::a; } #[cfg(all(test, unix))] mod more { use crate::a; }",
                ),
                ("generated/mod.rs", "pub mod codes; pub mod trade;"),
                ("generated/codes.rs", "use crate::b::B;"),
                ("generated/trade.rs", "use crate::a::A;"),
            ],
        );
        assert_eq!(nodes(found.circle()), [""; 0]);
        assert_eq!(found.order(), ["b", "generated::codes", "a", "generated::trade"]);
    }

    #[test]
    fn modules_within_modules_make_circles_where_these_are_divided() {
        let found = |a: &str, b: &str| {
            let files = [
                ("lib.rs", "mod m; mod n;"),
                ("m/mod.rs", "mod a; mod b; pub use b::B; use a::A; pub struct M;"),
                ("m/a.rs", a),
                ("m/b.rs", b),
                ("n.rs", "use crate::m::B;"),
            ];
            let whole = graph(Divided::None, &files);
            assert_eq!(nodes(whole.circle()), [""; 0]);
            graph(Divided::All, &files)
        };
        for (a, b) in [
            ("use super::b;", "use super::a::A;"),
            ("use crate::m::B;", "fn f() { super::a::f() }"),
        ] {
            assert_eq!(nodes(found(a, b).circle()), ["m::a", "m::b"], "{a} {b}");
        }
        // What uses the module around it is used by it.
        assert_eq!(nodes(found("use super::M;", "").circle()), ["m", "m::a"]);
        // Passing on is no use: `n` uses `m::b`, and `m::b` may use `m`.
        let sound = found("", "use super::M; use super::a::A;");
        assert_eq!(nodes(sound.circle()), [""; 0]);
        assert_eq!(sound.order(), ["m::a", "m", "m::b", "n"]);
    }
}
