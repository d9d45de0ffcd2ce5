# Part of scripts/package: the package for npm, which gives every file the same date.
npm pack --silent --ignore-scripts --pack-destination "$to" >/dev/null || fail "npm made no package."
built "$to/rayserver-$version.tgz"
