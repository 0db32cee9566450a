# A thin front end of CMake: `make help` says what there is. `make demo` and `make test` install what they need first.

# What `make demo` runs.
DEMO_COMMAND = $(BUILD)/persamp eval --config docs/configs/demo.yaml --limit 50 --baselines greedy,sample --fresh

BUILD ?= build$(gpu:%=-%)
# Where to install; both may have blanks in them, and reach the shell by the environment for that.
PREFIX ?= /usr/local
DESTDIR ?=
export PREFIX DESTDIR
# ON: libllama is required; AUTO: used when it can be had; OFF: the toy engine only; cuda, vulkan: the prebuilt libllama
# for that GPU, built into a folder of its own. One of your own: CMAKE_ARGS=-DPERSAMP_LLAMA_DIR=FOLDER
LLAMA ?= ON
gpu = $(filter cuda vulkan,$(LLAMA))
# Arguments for every configuration, e.g. CMAKE_ARGS=-DCMAKE_BUILD_TYPE=Debug
CMAKE_ARGS ?=
FUZZ_SECONDS ?= 20

say = @printf '\n== %s\n' $(1)
get_gpu_llama = llama_dir=$$(tools/get-llama --platform linux-x64-$(gpu)) &&
configure = $(if $(gpu),$(get_gpu_llama)) cmake -S . -G Ninja -DPERSAMP_LLAMA=$(if $(gpu),ON,$(LLAMA)) \
	$(if $(gpu),-DPERSAMP_LLAMA_DIR="$$llama_dir") --log-level=NOTICE $(CMAKE_ARGS)
llama_setup = $(if $(filter OFF,$(LLAMA)),,llama$(gpu:%=:linux-x64-%))
ctest = ctest --output-on-failure --no-tests=error -j 2

.PHONY: all demo test check bench fuzz asan tsan valgrind neon test-models test-remote test-clients test-browser coverage format install uninstall clean help
.DEFAULT_GOAL := all

all: ## Build the command, build/persamp
	@$(configure) -B $(BUILD) -DCMAKE_INSTALL_PREFIX="$$PREFIX"
	@cmake --build $(BUILD) --target persamp_command

demo: ## Set up, build, and run the main job on shipped problems with the shipped model
	$(call say,'Looking for what the build needs and installing what is missing')
	@tools/setup build $(llama_setup) katex
	$(call say,'Building $(BUILD)/persamp')
	@$(MAKE) --no-print-directory all
	$(call say,'$(DEMO_COMMAND)')
	@$(DEMO_COMMAND)

test: ## Set up, build everything, and run all tests
	$(call say,'Looking for what the tests need and installing what is missing')
	@tools/setup build $(llama_setup) katex test
	$(call say,'Building persamp and its tests')
	@$(configure) -B $(BUILD) -DCMAKE_INSTALL_PREFIX="$$PREFIX"
	@cmake --build $(BUILD)
	$(call say,'Running the tests')
	@$(ctest) --test-dir $(BUILD)

check: ## The short checks: format, layers, dialect, words
	tools/check_format
	tools/check_layers
	tools/check_dialect
	tools/check_words

bench: ## Build and run the benchmarks
	@$(configure) -B $(BUILD) -DCMAKE_INSTALL_PREFIX="$$PREFIX"
	@cmake --build $(BUILD) --target bench
	@for program in $(BUILD)/bench/bench_*; do case $$program in *_verify) continue ;; esac; \
		printf '\n== %s\n' "$$program"; "$$program" || exit 1; done

fuzz: ## Run each fuzzer for FUZZ_SECONDS (20) with clang, ASan and UBSan; those of models where libllama is
	@$(configure) -B $(BUILD)-fuzz -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ -DPERSAMP_FUZZ=ON \
		-DPERSAMP_SANITIZE=address,undefined -DBUILD_TESTING=OFF $(if $(filter ON,$(LLAMA)),-DPERSAMP_LLAMA=AUTO)
	@cmake --build $(BUILD)-fuzz --target fuzz
	@tools/check_fuzz $(BUILD)-fuzz $(FUZZ_SECONDS)

asan: ## Run the tests with AddressSanitizer and UndefinedBehaviorSanitizer
	@$(configure) -B $(BUILD)-asan -DPERSAMP_SANITIZE=address,undefined
	@cmake --build $(BUILD)-asan
	@$(ctest) --test-dir $(BUILD)-asan

tsan: ## Run the tests with ThreadSanitizer
	@$(configure) -B $(BUILD)-tsan -DPERSAMP_SANITIZE=thread
	@cmake --build $(BUILD)-tsan
	@$(ctest) --test-dir $(BUILD)-tsan

coverage: ## Run the tests and show which lines of the library and the command they ran
	$(call say,'Looking for what this needs and installing what is missing')
	@tools/setup build $(llama_setup) test coverage
	@$(configure) -B $(BUILD)-coverage -DPERSAMP_COVERAGE=ON \
		-DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS_DEBUG="-Og -g1"
	@cmake --build $(BUILD)-coverage
	@find $(BUILD)-coverage -name '*.gcda' -delete
	@$(ctest) --test-dir $(BUILD)-coverage; status=$$?; tools/draw_coverage $(BUILD)-coverage && exit $$status

valgrind: ## Run the tests that need no libllama under valgrind
	@$(configure) -B $(BUILD) -DCMAKE_INSTALL_PREFIX="$$PREFIX"
	@cmake --build $(BUILD)
	@tools/check_valgrind $(BUILD)

test-models: all ## Run what needs real models; those that are not in the cache are skipped (tools/get-model)
	@PERSAMP_COMMAND=$(BUILD)/persamp tests/models/run $(MODELS)

test-remote: all ## Run the command over real servers, llama-server and vLLM; what cannot be had is skipped
	@PERSAMP_COMMAND=$(abspath $(BUILD)/persamp) tests/remote/run $(REMOTE)

test-clients: all ## Run the server with real clients: openai for Python and Node, curl, LangChain
	@PERSAMP_COMMAND=$(BUILD)/persamp PERSAMP_CLIENTS=$(BUILD)/clients tests/clients/run

test-browser: ## Look at the server's page in a headless Chromium; pictures of it are in build/browser
	@tools/setup katex
	@$(MAKE) --no-print-directory all
	@PERSAMP_COMMAND=$(BUILD)/persamp PERSAMP_PICTURES=$(BUILD)/browser tests/browser/run

neon: ## Run the tests of the inner loops for ARM under qemu
	@tools/setup build neon
	@tools/check_neon

format: ## Let clang-format lay out all C files
	@git ls-files '*.c' '*.h' | xargs clang-format -i

install: ## Build and install to PREFIX (/usr/local), below DESTDIR if set
	@$(configure) -B $(BUILD) -DCMAKE_INSTALL_PREFIX="$$PREFIX"
	@cmake --build $(BUILD) --target persamp_command_installed persamp_shared_installed persamp_static
	@cmake --install $(BUILD)

uninstall: ## Remove what the last `make install` put down (with the same DESTDIR)
	@cmake -DBUILD="$(BUILD)" -P cmake/Uninstall.cmake

clean: ## Remove the build folders
	rm -rf $(BUILD) $(BUILD)-*

help: ## Show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile
