#!/bin/sh
# link_layer.sh SOURCES LINK: makes LINK a symbolic link to the folder SOURCES, with the folders above it.
set -eu
mkdir -p "$(dirname "$2")"
ln -sfn "$1" "$2"
