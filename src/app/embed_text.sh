#!/bin/sh
# embed_text.sh NAME FILE: prints FILE as the C string NAME.
set -eu
echo "extern const char $1[];"
echo "const char $1[] ="
sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/    "/' -e 's/$/\\n"/' "$2"
echo "    ;"
