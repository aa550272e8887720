package elect

import (
	"go/ast"
	"go/parser"
	"go/token"
	"testing"
)

// TestReasonNames: every constant of type Reason has its own name.
func TestReasonNames(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "reason.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, declaration := range file.Decls {
		constants, ok := declaration.(*ast.GenDecl)
		if !ok || constants.Tok != token.CONST {
			continue
		}
		for _, spec := range constants.Specs {
			value := spec.(*ast.ValueSpec)
			text := value.Values[0].(*ast.BasicLit).Value
			reason := Reason(text[1 : len(text)-1])
			if got := reason.Name(); got != value.Names[0].Name {
				t.Errorf("the name of %s is %q", value.Names[0].Name, got)
			}
			found++
		}
	}
	if found != len(names) {
		t.Errorf("%d constants, and %d names", found, len(names))
	}
	if got := Reason("something else").Name(); got != "" {
		t.Errorf("a reason that is none has the name %q", got)
	}
}
