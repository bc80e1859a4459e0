// vqsort.cc - a peer of bench/solve: vqsort of libhwy. Built by `make bench` where its header is installed.
//     vqsort CASE FILE      the protocol of kernels.c; CASE is sort-KIND-SHAPE
// A round sorts a copy in place; the copy is part of it, as making the answer is of everyone's, but into memory that is
// there already.
#include <hwy/contrib/sort/vqsort.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

template <typename T> static int take_turns(const char *file) {
    std::ifstream in(file, std::ios::binary | std::ios::ate);
    std::vector<T> values(static_cast<size_t>(in.tellg()) / sizeof(T)), copy(values.size());
    in.seekg(0);
    in.read(reinterpret_cast<char *>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(T)));
    hwy::Sorter sorter;
    char line[16];
    std::puts("ready vqsort");
    std::fflush(stdout);
    while (std::fgets(line, sizeof line, stdin)) {
        auto start = std::chrono::steady_clock::now();
        std::memcpy(copy.data(), values.data(), values.size() * sizeof(T));
        sorter(copy.data(), copy.size(), hwy::SortAscending());
        std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
        std::printf("%.9f %.17g\n", took.count(), static_cast<double>(copy[copy.size() / 3]));
        std::fflush(stdout);
    }
    return 0;
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 2;
    std::string name = argv[1];
    if (name.find("int32") != name.npos)
        return take_turns<int32_t>(argv[2]);
    return name.find("double") != name.npos ? take_turns<double>(argv[2]) : take_turns<int64_t>(argv[2]);
}
