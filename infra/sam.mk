# The targets that `sam build` calls, named by the template's logical ids. ARTIFACTS_DIR comes from SAM.
FUNCTIONS := Api Step Fetch Callbacks Reaper Register

.PHONY: $(FUNCTIONS:%=build-%Function) build-DependenciesLayer

$(FUNCTIONS:%=build-%Function): build-%Function:
	@$(BIN)/python -m callapi.packaging function $* "$(ARTIFACTS_DIR)"

build-DependenciesLayer:
	@$(BIN)/python -m callapi.packaging layer "$(ARTIFACTS_DIR)"
