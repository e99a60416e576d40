//! Kustomizations of both sides, each built by the installed program in a tree of its own.

use std::path::PathBuf;

use rayon::prelude::*;

use super::export::{Export, Job, export};
use super::range::Repository;
use super::side::{Asked, Building};
use super::tree::{Kind, Place, Trees};
use super::{GitError, GitRequest, names};
use crate::source::render::kustomize_as;
use crate::source::{Problem, SourceFile};

/// A kustomization on one side: where it is to be built.
struct Task {
    side: usize,
    folder: PathBuf,
    name: String,
}

/// Builds every kustomization that was asked for on both sides. In the working tree it is built where it is.
pub(super) fn build(
    request: &GitRequest,
    repository: &Repository,
    trees: &mut Trees,
    sides: &mut [Building; 2],
) -> Result<[Vec<SourceFile>; 2], GitError> {
    let mut tasks: Vec<Task> = Vec::new();
    let mut exports: [Option<Export>; 2] = [None, None];
    for dir in &request.kustomize {
        let asked = Asked::new(dir, &request.folder, repository.standing.as_ref());
        let before = (tasks.len(), sides.iter().map(|s| s.problems.len()).sum::<usize>());
        for (at, side) in sides.iter_mut().enumerate() {
            if let Some(folder) = folder(request, trees, side, &mut exports[at], &asked)? {
                tasks.push(Task { side: at, folder, name: asked.name() });
            }
        }
        let [old, new] = sides;
        if before == (tasks.len(), old.problems.len() + new.problems.len()) {
            let name = format!("-k {}", asked.name());
            new.problems.push(match asked.way() {
                None => Problem::OutsideRepository { name },
                Some(_) => Problem::OnNeitherSide { name, old: old.name(), new: new.name() },
            });
        }
    }
    let outcomes: Vec<Result<SourceFile, Problem>> = (tasks.par_iter())
        .map(|task| {
            let built = kustomize_as(&task.folder, &task.name, &request.programs, request.max_file_bytes);
            built.map_err(|problem| in_repository(problem, exports[task.side].as_ref(), &sides[task.side].name()))
        })
        .collect();
    let mut built = [Vec::new(), Vec::new()];
    for (task, outcome) in tasks.iter().zip(outcomes) {
        match outcome {
            Ok(file) => built[task.side].push(file),
            Err(problem) => sides[task.side].problems.push(problem),
        }
    }
    Ok(built)
}

/// Where a kustomization is to be built; `None` if this side has none or the reason is reported.
fn folder(
    request: &GitRequest,
    trees: &mut Trees,
    side: &mut Building,
    exported: &mut Option<Export>,
    asked: &Asked,
) -> Result<Option<PathBuf>, GitError> {
    let Some(way) = asked.way() else { return Ok(None) };
    let Some(root) = side.root else {
        return Ok(asked.disk().exists().then(|| asked.disk().to_path_buf()));
    };
    let real = match trees.locate(root, way)? {
        Place::Found(node, real) if node.kind == Kind::Folder => real,
        Place::Outside => {
            side.problems.push(Problem::OutsideRepository { name: format!("-k {}", asked.name()) });
            return Ok(None);
        }
        Place::Submodule(commit) => {
            let problem = Problem::MissingSubmodule {
                name: format!("-k {}", asked.name()),
                commit: commit.to_string(),
                side: side.name(),
            };
            side.problems.push(problem);
            return Ok(None);
        }
        _ => return Ok(None),
    };
    if exported.is_none() {
        let (option, name) = (format!("-k {}", asked.name()), side.name());
        let job = Job { job: &option, side: &name, max_file_bytes: request.max_file_bytes };
        match export(trees, root, &job)? {
            Ok(new) => {
                side.notes.extend(new.notes.iter().map(|note| format!("{option}: {note}")));
                *exported = Some(new);
            }
            Err(problem) => {
                side.problems.push(problem);
                return Ok(None);
            }
        }
    }
    Ok(exported.as_ref().map(|e| e.path().join(names::to_path(&real))))
}

/// A complaint about the tree of a side: it names the side, and paths from the top of the repository and not those of
/// the temporary folder.
fn in_repository(problem: Problem, export: Option<&Export>, side: &str) -> Problem {
    match problem {
        Problem::Failed { job, program, status, mut stderr } => {
            // Some programs tell paths without links.
            let tops = export.map(|e| [std::fs::canonicalize(e.path()).unwrap_or_default(), e.path().to_path_buf()]);
            for top in tops.iter().flatten().filter(|top| !top.as_os_str().is_empty()) {
                let top = top.display().to_string();
                stderr = stderr.replace(&format!("{top}/"), "").replace(&top, ".");
            }
            Problem::Failed { job: format!("{job} in {side}"), program, status, stderr }
        }
        other => other,
    }
}
