#!/bin/sh
# script/digits.mjs takes the listed images out of a package as MNIST's files are: a package of ten images of two levels each stands for the real one.
. "$(dirname "$0")/lib"

if ! command -v node > /dev/null; then
    skipped digits_of_the_package
    end
fi
mkdir -p "$scratch/package/src/digits" "$scratch/out"
# image 0 of digit k has k / 255 everywhere, image 1 has (100 + k) / 255
for k in 0 1 2 3 4 5 6 7 8 9; do
    awk -v k=$k 'BEGIN {
        printf "{ \"data\": ["
        for (i = 0; i < 2 * 784; i++) printf "%s%.4g", i ? "," : "", (i < 784 ? k : 100 + k) / 255
        print "] }"
    }' > "$scratch/package/src/digits/$k.json"
done
printf '# a list\n7:1 0:0\n3:0\n' > "$scratch/list"

# bytes FILE FROM COUNT
bytes() { od -An -v -tu1 -j "$2" -N "$3" "$scratch/out/$1" | xargs; }
if node script/digits.mjs "$scratch/package" "$scratch/list" "$scratch/out" &&
    [ "$(bytes train-images-idx3-ubyte 0 16)" = '0 0 8 3 0 0 0 3 0 0 0 28 0 0 0 28' ] &&
    [ "$(bytes train-images-idx3-ubyte 16 784 | tr ' ' '\n' | sort -u)" = 107 ] &&
    [ "$(bytes train-images-idx3-ubyte 800 9999 | tr ' ' '\n' | uniq -c | xargs)" = '784 0 784 3' ] &&
    [ "$(bytes train-labels-idx1-ubyte 0 99)" = '0 0 8 1 0 0 0 3 7 0 3' ]; then
    ok digits_of_the_package
else
    failed digits_of_the_package
fi

printf '4:2\n' > "$scratch/list"
if node script/digits.mjs "$scratch/package" "$scratch/list" "$scratch/out" 2> "$scratch/errors" || ! grep -q 'no image 4:2' "$scratch/errors"; then
    failed an_image_that_is_not_there
else
    ok an_image_that_is_not_there
fi

# The list is of 8,500 different images, none of which the package does not have.
if [ "$(grep -v '^#' models/digits/images.txt | tr ' ' '\n' | grep -c '^[0-9]:[0-9]*$')" = 8500 ] &&
    [ "$(grep -v '^#' models/digits/images.txt | tr ' ' '\n' | sort -u | wc -l)" = 8500 ]; then
    ok list_of_images
else
    failed list_of_images
fi
end
