#!/usr/bin/env bash
# What action.yml does, a word for each step: install, run (diff or draw), comment, gate.
#
# Everything comes in through environment variables, is checked, and is passed on as one argument. Nothing is evaluated: names of branches and files may
# hold anything. Needs bash 3.2, git and jq; `comment` needs gh, and `install` curl and tar when it downloads.
set -euo pipefail

# https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands: the value of a command is one line.
escaped() {
  local text=${1//'%'/%25}
  text=${text//$'\r'/%0D}
  printf '%s' "${text//$'\n'/%0A}"
}

# Commands to the runner count on both outputs, and the first one may be captured here.
fail() {
  printf '::error title=kubesketch::%s\n' "$(escaped "$1")" >&2
  exit 2
}

notice() {
  printf '::notice title=kubesketch::%s\n' "$(escaped "$1")"
}

warning() {
  printf '::warning title=kubesketch::%s\n' "$(escaped "$1")"
}

# What steps after this one may use.
output() {
  case $2 in *$'\n'* | *$'\r'*) fail "$1 has more than one line" ;; esac
  printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"
}

# Runs a program that writes what others wrote, names of files for example: none of it is a command to the runner.
quietly() {
  local token status=0
  token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  printf '::stop-commands::%s\n' "$token"
  "$@" 2>&1 || status=$?
  printf '\n::%s::\n' "$token"
  return "$status"
}

needs() {
  command -v "$1" >/dev/null || fail "$1 is not installed on this runner"
}

# A field of the event that started the run, or nothing.
event() {
  [ -f "${GITHUB_EVENT_PATH:-}" ] || return 0
  jq -r "$1 // empty" "$GITHUB_EVENT_PATH"
}

is_true() {
  case $2 in
    true) return 0 ;;
    false | '') return 1 ;;
    *) fail "$1 is true or false, not $2" ;;
  esac
}

# A name in the first line of comments, by which the next run finds its own.
checked_marker() {
  local marker=${KUBESKETCH_MARKER:-default}
  case $marker in
    *[!A-Za-z0-9._-]* | *--* | -* | .*) fail 'marker: letters, digits, dashes, dots and underscores, and no two dashes in a row' ;;
  esac
  [ "${#marker}" -le 100 ] || fail 'marker: at most 100 characters'
  printf '%s' "$marker"
}

# A revision as one argument; kubesketch and git decide whether it is one.
checked_revision() {
  case $2 in
    '') fail "$1: there is none; name one" ;;
    -* | *..*) fail "$1: \`$2\` is not one revision" ;;
    *[[:cntrl:]]*) fail "$1: holds control characters" ;;
  esac
  printf '%s' "$2"
}

# The digest of a file in hexadecimal.
sha256() {
  if command -v sha256sum >/dev/null; then sha256sum <"$1"; else shasum -a 256 <"$1"; fi | cut -d ' ' -f 1
}

# For which machines there are releases.
target() {
  case ${RUNNER_OS:-}-${RUNNER_ARCH:-} in
    Linux-X64) echo x86_64-unknown-linux-musl ;;
    Linux-ARM64) echo aarch64-unknown-linux-musl ;;
    macOS-X64) echo x86_64-apple-darwin ;;
    macOS-ARM64) echo aarch64-apple-darwin ;;
    *) fail "there is no release for ${RUNNER_OS:-this system} on ${RUNNER_ARCH:-this machine}; build kubesketch and give it as binary" ;;
  esac
}

# The version to install: as told, or the tag by which the action is used.
version() {
  local version=${KUBESKETCH_VERSION:-${KUBESKETCH_ACTION_REF:-}}
  if ! [[ $version =~ ^v?[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?$ ]]; then
    fail "version: \`$version\` is not like 1.2.3; use the action by a tag of a release, or give version or binary"
  fi
  printf '%s' "${version#v}"
}

# Where releases are: as told, or those of the repository that the action comes from. The runner does not always tell that one to a composite action, and
# then the folder does in which it put it: .../_actions/OWNER/NAME/REF.
releases() {
  local url=${KUBESKETCH_RELEASES:-} repository=${KUBESKETCH_ACTION_REPOSITORY:-}
  if [ -z "$url" ]; then
    if [ -z "$repository" ] && [[ ${KUBESKETCH_ACTION_PATH:-} =~ /_actions/([A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+)/ ]]; then
      repository=${BASH_REMATCH[1]}
    fi
    [[ $repository =~ ^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$ ]] || fail 'releases: it is not known where this action comes from; give releases or binary'
    url=${GITHUB_SERVER_URL:-https://github.com}/$repository/releases/download
  fi
  case $url in
    https://* | file:///*) printf '%s' "${url%/}" ;;
    *) fail 'releases: an address that begins with https:// or file:///' ;;
  esac
}

fetch() {
  curl --proto '=https,file' --proto-redir '=https' --fail --silent --show-error --location --retry 3 --max-filesize 200000000 --output "$2" -- "$1" ||
    fail "$1 could not be downloaded"
}

download() {
  local folder=$1 version target base name sums expected found
  needs curl
  version=$(version)
  target=$(target)
  base=$(releases)/v$version
  name=kubesketch-$version-$target.tar.gz
  sums=$folder/SHA256SUMS
  fetch "$base/SHA256SUMS" "$sums"
  fetch "$base/$name" "$folder/$name"
  # `DIGEST  NAME`, as sha256sum writes it.
  expected=$(awk -v name="$name" '$2 == name || $2 == "*" name { print $1 }' "$sums")
  [[ $expected =~ ^[0-9a-f]{64}$ ]] || fail "SHA256SUMS of version $version does not name $name once"
  found=$(sha256 "$folder/$name")
  [ "$found" = "$expected" ] || fail "$name has the SHA-256 $found, and SHA256SUMS says $expected"
  if [ -n "${KUBESKETCH_SHA256:-}" ] && [ "$found" != "$KUBESKETCH_SHA256" ]; then
    fail "$name has the SHA-256 $found, and not the one that was given"
  fi
  tar -xzf "$folder/$name" -C "$folder" kubesketch || fail "$name does not hold kubesketch"
}

install_step() {
  local binary=${KUBESKETCH_BINARY:-} folder
  if [ -z "$binary" ]; then
    folder=$(mktemp -d "${RUNNER_TEMP:?}/kubesketch-bin.XXXXXX")
    download "$folder"
    binary=$folder/kubesketch
  fi
  [ -f "$binary" ] && [ -x "$binary" ] || fail "binary: $binary is not a program"
  case $binary in /*) ;; *) binary=$PWD/$binary ;; esac
  quietly "$binary" --version || fail "$binary does not run here"
  output binary "$binary"
}

diff_step() {
  local binary=${KUBESKETCH_BINARY:?} base=${KUBESKETCH_BASE:-} head=${KUBESKETCH_HEAD:-} marker fail_on=${KUBESKETCH_FAIL_ON:-} folder status=0 path
  needs jq
  needs git
  [ -n "$base" ] || base=$(event '.pull_request.base.sha // .merge_group.base_sha // .before')
  [ -n "$head" ] || head=$(event '.pull_request.head.sha // .merge_group.head_sha // .after')
  base=$(checked_revision base "$base")
  head=$(checked_revision head "$head")
  case $base in *[!0]*) ;; *) fail 'base: the branch is new, so there is nothing before it; name one' ;; esac
  marker=$(checked_marker)
  case ,$fail_on, in
    ,,) ;;
    *[!a-z,]* | *,,*) fail 'fail-on: exposure, widened, finding or any, with commas between them' ;;
  esac

  folder=${RUNNER_TEMP:?}/kubesketch/$marker
  rm -rf -- "$folder"
  mkdir -p -- "$folder"
  set -- diff "--git=$base...$head" "--marker=$marker" -o "md=$folder/comment.md" -o "html=$folder/diff.html" -o "json=$folder/diff.json"
  [ -z "$fail_on" ] || set -- "$@" "--fail-on=$fail_on"
  if is_true kustomize "${KUBESKETCH_KUSTOMIZE:-}"; then set -- "$@" -k; fi
  if is_true lenient "${KUBESKETCH_LENIENT:-}"; then set -- "$@" --lenient; fi
  set -- "$@" --
  while IFS= read -r path || [ -n "$path" ]; do
    path=${path%$'\r'}
    [ -z "$path" ] || set -- "$@" "$path"
  done <<<"${KUBESKETCH_PATHS:-}"
  cd -- "${KUBESKETCH_FOLDER:-.}" || fail 'working-directory: there is no such folder'
  quietly "$binary" "$@" || status=$?

  [ -s "$folder/comment.md" ] || fail "kubesketch ended with exit code $status; the log says why"
  cat -- "$folder/comment.md" >>"${GITHUB_STEP_SUMMARY:?}"
  output folder "$folder"
  output artifact "kubesketch-$marker"
  output status "$status"
  output changed "$(jq -r 'if .same == true then "false" else "true" end' "$folder/diff.json")"
}

# The lines of a text that are not empty, as an array `lines`.
lines_of() {
  local line
  lines=()
  while IFS= read -r line || [ -n "$line" ]; do
    line=${line%$'\r'}
    [ -z "$line" ] || lines+=("$line")
  done <<<"$1"
}

# Files that draw writes: below the folder in which it works.
checked_outputs() {
  local file
  for file in "$@"; do
    case /$file/ in
      //* | /-* | *'#'* | */../* | *[[:cntrl:]]*) fail "output: \`$file\` is not a file below working-directory" ;;
    esac
  done
}

draw_step() {
  local binary=${KUBESKETCH_BINARY:?} mode=${KUBESKETCH_MODE:-check} marker folder status=0 changed=false line
  local lines outputs documents input=() written=() kept=()
  marker=$(checked_marker)
  lines_of "${KUBESKETCH_OUTPUT:-}"
  outputs=(${lines[@]+"${lines[@]}"})
  lines_of "${KUBESKETCH_INJECT:-}"
  documents=(${lines[@]+"${lines[@]}"})
  set -- ${outputs[@]+"${outputs[@]}"} ${documents[@]+"${documents[@]}"}
  [ $# -gt 0 ] || fail 'output: name a file to draw, or a document by inject'
  checked_outputs "$@"
  folder=${RUNNER_TEMP:?}/kubesketch/$marker
  rm -rf -- "$folder"
  for line in ${outputs[@]+"${outputs[@]}"}; do
    mkdir -p -- "$folder/$(dirname -- "$line")"
    written+=(-o "$line") kept+=(-o "$folder/$line")
  done
  for line in ${documents[@]+"${documents[@]}"}; do written+=("--inject=$line"); done
  case $mode in
    check) written+=(--check) ;;
    write | commit) ;;
    *) fail 'mode: check, write or commit' ;;
  esac
  if is_true lenient "${KUBESKETCH_LENIENT:-}"; then input+=(--lenient); fi
  lines_of "${KUBESKETCH_PATHS:-}"
  if is_true kustomize "${KUBESKETCH_KUSTOMIZE:-}"; then
    for line in ${lines[@]+"${lines[@]}"}; do input+=("--kustomize=$line"); done
    lines=()
  fi
  input+=(-- ${lines[@]+"${lines[@]}"})
  cd -- "${KUBESKETCH_FOLDER:-.}" || fail 'working-directory: there is no such folder'
  quietly "$binary" draw "${written[@]}" "${input[@]}" || status=$?
  [ "$status" -le 1 ] || fail "kubesketch ended with exit code $status; the log says why"
  # The artifact has the pictures as they should be, also where nothing is written.
  [ "${#kept[@]}" = 0 ] || quietly "$binary" draw -q "${kept[@]}" "${input[@]}" || fail 'the pictures for the artifact could not be drawn'
  if [ "$mode" = check ]; then
    if [ "$status" = 1 ]; then changed=true; fi
  else
    needs git
    if [ -n "$(git status --porcelain -- "$@")" ]; then changed=true; fi
    if [ "$mode" = commit ] && [ "$changed" = true ]; then commit_drawn "$@"; fi
  fi
  output folder "$folder"
  output artifact "kubesketch-$marker"
  output status "$status"
  output changed "$changed"
}

# Commits these files, and nothing else, to the branch of the run.
commit_drawn() {
  local branch=${GITHUB_HEAD_REF:-${GITHUB_REF_NAME:-}} head
  case ${GITHUB_REF:-} in refs/heads/* | refs/pull/*) ;; *) fail 'mode: commit needs a branch, and this run is of none' ;; esac
  case $branch in '' | -* | *..* | *[[:space:][:cntrl:]]*) fail "mode: \`$branch\` is no branch to commit to" ;; esac
  if is_read_only; then fail 'mode: the token of this run may only read, so nothing can be committed; use check'; fi
  head=$(event '.pull_request.head.sha')
  if [ -n "$head" ] && [ "$(git rev-parse HEAD)" != "$head" ]; then
    fail 'mode: commit needs the branch itself; give `ref: ${{ github.head_ref }}` to actions/checkout'
  fi
  git add -- "$@"
  git -c user.name='github-actions[bot]' -c user.email='41898282+github-actions[bot]@users.noreply.github.com' \
    commit --quiet --message 'Draw the manifests anew' -- "$@"
  quietly git push --quiet origin "HEAD:refs/heads/$branch" || fail "$branch could not be pushed to; does the job have the permission contents: write?"
}

# The pull request that the run is about, or nothing.
pull_request() {
  local number owner branch sha
  number=$(event '.pull_request.number')
  # Of a run that another one started nothing is known but where its commit came from; `pull_requests` is empty for forks. What the first run left behind
  # is not asked: whoever wrote the pull request decides what it says.
  if [ -z "$number" ] && [ "$(event '.workflow_run.event')" = pull_request ]; then
    owner=$(event '.workflow_run.head_repository.owner.login')
    branch=$(event '.workflow_run.head_branch')
    sha=$(event '.workflow_run.head_sha')
    number=$(gh api --method GET "repos/$GITHUB_REPOSITORY/pulls" -f state=open -f "head=$owner:$branch" |
      jq -r --arg sha "$sha" '[.[] | select(.head.sha == $sha)][0].number // empty') || return 1
  fi
  case $number in *[!0-9]*) fail 'the event names a pull request without a number' ;; esac
  printf '%s' "$number"
}

# Whether the token of this run may not write: the run of a fork's pull request, or of one by Dependabot.
is_read_only() {
  [ "${GITHUB_EVENT_NAME:-}" = pull_request ] || return 1
  [ "${GITHUB_ACTOR:-}" != 'dependabot[bot]' ] || return 0
  [ "$(event '.pull_request.head.repo.full_name')" != "${GITHUB_REPOSITORY:?}" ]
}

# Whatever goes wrong here is reported, and stops the run only where a comment was asked for by `always`.
give_up() {
  [ "$mode" = always ] && fail "$1"
  warning "$1"
  exit 0
}

comment_step() {
  local folder=${KUBESKETCH_RESULT:?} author=${KUBESKETCH_AUTHOR:-github-actions[bot]} marker first file number id same comments
  mode=${KUBESKETCH_COMMENT:-auto}
  case $mode in
    never) return ;;
    auto | always) ;;
    *) fail 'comment: auto, always or never' ;;
  esac
  needs jq
  needs gh
  : "${GITHUB_REPOSITORY:?}"
  if [ "${GITHUB_SERVER_URL:-https://github.com}" != https://github.com ]; then
    export GH_HOST=${GITHUB_SERVER_URL#*://} GH_ENTERPRISE_TOKEN=${GH_TOKEN:-}
  fi
  marker=$(checked_marker)
  file=$folder/comment.md
  [ -f "$file" ] && [ ! -L "$file" ] || fail "there is no comment in $folder"
  first="<!-- kubesketch:diff:$marker -->"
  [ "$(head -n 1 -- "$file")" = "$first" ] || fail 'the comment does not begin with its marker'
  [ "$(jq -Rrs length <"$file")" -le 65536 ] || fail 'the comment is longer than GitHub takes'
  if [ "$mode" = auto ] && is_read_only; then
    notice 'no comment, because the token of this run may only read; the summary has it, and docs/ci.md tells how to comment from a second workflow'
    return
  fi
  number=$(pull_request) || give_up 'the pull request could not be looked up'
  if [ -z "$number" ]; then
    notice 'no comment, because no open pull request is at this commit'
    return
  fi
  comments=$(gh api --paginate "repos/$GITHUB_REPOSITORY/issues/$number/comments?per_page=100") || give_up 'the comments could not be read'
  # Others may begin their comments the same way.
  id=$(jq -rs --arg first "$first" --arg author "$author" \
    '[.[][] | select(.user.login == $author and ((.body // "") | startswith($first)))][0].id // empty' <<<"$comments")
  case $id in *[!0-9]*) fail 'a comment without a number' ;; esac
  same=false
  [ ! -f "$folder/diff.json" ] || same=$(jq -r '.same == true' "$folder/diff.json") || same=false
  if [ -n "$id" ]; then
    gh api --silent --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$id" -F "body=@$file" || give_up 'the comment could not be updated'
  elif [ "$same" = true ]; then
    notice 'no comment, because nothing changes'
  else
    gh api --silent --method POST "repos/$GITHUB_REPOSITORY/issues/$number/comments" -F "body=@$file" || give_up 'the comment could not be posted'
  fi
}

gate_step() {
  case ${KUBESKETCH_STATUS:?} in
    0) ;;
    1)
      if [ "${KUBESKETCH_COMMAND:-diff}" = draw ]; then
        printf '::error title=kubesketch::%s\n' 'a committed picture is not what the manifests say; the log has the command, and the artifact the picture'
        exit 1
      fi
      printf '::error title=kubesketch::%s\n' "$(escaped "this change holds what fail-on names: ${KUBESKETCH_FAIL_ON:-}")"
      exit 1
      ;;
    *) fail 'some of the input could not be read; the log says what' ;;
  esac
}

run_step() {
  case ${KUBESKETCH_COMMAND:-diff} in
    diff) diff_step ;;
    draw) draw_step ;;
    *) fail 'command: diff or draw' ;;
  esac
}

case ${1:-} in
  install) install_step ;;
  run) run_step ;;
  comment) comment_step ;;
  gate) gate_step ;;
  *) fail "github.sh install|run|comment|gate" ;;
esac
