#!/usr/bin/env bash
# Runs record.py on emulated ARM processors, on Debian 12 with qemu-user-static and Python's pip:
#
#     ./emulated.sh FOLDER                            records on a core without SVE, and narrows on one with SVE
#     CPU=… ./emulated.sh FOLDER ARGUMENTS            runs record.py with arguments on the processor CPU, by QEMU's name
#
# FOLDER keeps Python for arm64 and its packages, 0.3 GB, between calls. Nothing is installed on the machine and nobody need be root.
# QEMU=… names another QEMU.
set -euo pipefail
recipe=$(cd "$(dirname "$0")" && pwd)
folder=$(mkdir -p "$1" && cd "$1" && pwd)
shift
if ! qemu=$(command -v "${QEMU:-qemu-aarch64-static}" || command -v qemu-aarch64); then
  echo "no qemu-aarch64-static on PATH: install qemu-user-static, or name the program in QEMU" >&2
  exit 2
fi
python=usr/bin/python3.11

if [[ ! -e $folder/system/proc/cpuinfo ]]; then
  echo "fetching Python for arm64" >&2
  mkdir -p "$folder"/apt/{lists,archives}/partial "$folder"/system
  : >"$folder/apt/status"
  # The mirrors of this machine, with lists, cache and a list of installed packages (none) that are not its own.
  options=(-qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Install-Recommends=false
    -o Dir::State::lists="$folder/apt/lists" -o Dir::State::status="$folder/apt/status" -o Dir::Cache::archives="$folder/apt/archives"
    -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o Debug::NoLocking=true)
  apt-get "${options[@]}" update
  apt-get "${options[@]}" install --yes --download-only python3.11-minimal libpython3.11-stdlib libstdc++6
  for package in "$folder"/apt/archives/*.deb; do dpkg --extract "$package" "$folder/system"; done
  # QEMU before version 8 shows programs the /proc/cpuinfo of the machine, in which ONNX Runtime finds no ARM core and crashes.
  mkdir -p "$folder/system/proc"
  printf 'processor\t: 0\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU part\t: 0xd0c\n\n' >"$folder/system/proc/cpuinfo"
fi

python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --upgrade --target "$folder/packages" --only-binary=:all: --python-version 3.11 \
  --platform manylinux_2_28_aarch64 --platform manylinux_2_27_aarch64 --platform manylinux_2_17_aarch64 --requirement "$recipe/requirements.txt"

export PYTHONPATH=$folder/packages PYTHONDONTWRITEBYTECODE=1
emulate() { "$qemu" -cpu "$1" -L "$folder/system" "$folder/system/$python" "$recipe/record.py" "${@:2}"; }
if (($#)) || [[ -n ${CPU:-} ]]; then
  emulate "${CPU:-neoverse-n1}" "$@"
else
  emulate neoverse-n1
  emulate max,sme=off,pauth-impdef=on,sve-max-vq=1 --narrow
fi
