"""The tests of jgen: one package, so that tests share helpers and mutants by import."""
