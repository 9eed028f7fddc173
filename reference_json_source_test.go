package crier_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// kind returns a JSON value's kind in words, and notes the objects in it.
func (r *jsonWriter) kind(in *ast.TypeSpec, dir string, e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return r.kind(in, dir, e.X) + " or null"
	case *ast.ArrayType:
		if exprText(e.Elt) == "byte" {
			return "text, base64"
		}
		return "list of " + strings.TrimSuffix(r.kind(in, dir, e.Elt), " or null")
	case *ast.MapType:
		return "object: " + r.kind(in, dir, e.Value) + " by name"
	case *ast.Ident:
		switch e.Name {
		case "string":
			return "text"
		case "bool":
			return "true or false"
		}
		if regexp.MustCompile(`^(u?int(8|16|32|64)?|float64)$`).MatchString(e.Name) {
			return "number"
		}
	}
	if exprText(e) == "time.Duration" {
		return "number"
	}
	at, name := r.named(in, dir, e)
	spec := r.typeOf(at, name)
	if spec == nil {
		r.t.Fatalf("%s has no type %s", at, name)
	}
	if r.text[at+"."+name] {
		return "text"
	}
	if _, ok := spec.Type.(*ast.StructType); !ok {
		return r.kind(spec, at, spec.Type)
	}
	j := jsonType{at, name}
	if !r.written[j.title()] {
		r.written[j.title()] = true
		r.later = append(r.later, j)
	}
	anchor := strings.ToLower(strings.ReplaceAll(j.title(), ".", ""))
	return fmt.Sprintf("[%s](#%s)", j.title(), anchor)
}

// named returns the folder and the name of a type that an expression in another type names.
func (r *jsonWriter) named(in *ast.TypeSpec, dir string, e ast.Expr) (at, name string) {
	switch e := e.(type) {
	case *ast.Ident:
		if other, ok := jsonInstead[dir+"."+e.Name]; ok {
			return dir, other
		}
		return dir, e.Name
	case *ast.SelectorExpr:
		for _, spec := range r.imports[in] {
			from, _ := strconv.Unquote(spec.Path.Value)
			if at, ok := strings.CutPrefix(from, modulePrefix); ok &&
				path.Base(from) == exprText(e.X) {
				return at, e.Sel.Name
			}
		}
	}
	r.t.Fatalf("%s: %s is no type of this module", dir, exprText(e))
	return "", ""
}

// jsonInstead are the types that stand for others in JSON.
var jsonInstead = map[string]string{"cmd/crier/bench/report.Overloaded": "overloadedJSON"}

// typeOf returns a type of a folder; nil if there is none.
func (r *jsonWriter) typeOf(dir, name string) *ast.TypeSpec {
	if r.source[dir] == nil {
		r.source[dir] = map[string]*ast.TypeSpec{}
		files, err := filepath.Glob(filepath.Join(filepath.FromSlash(dir), "*.go"))
		if err != nil {
			r.t.Fatal(err)
		}
		for _, file := range files {
			if !strings.HasSuffix(file, "_test.go") {
				r.read(dir, file)
			}
		}
	}
	return r.source[dir][name]
}

// read notes the types of a file.
func (r *jsonWriter) read(dir, file string) {
	tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, d := range tree.Decls {
		switch d := d.(type) {
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if spec, ok := spec.(*ast.TypeSpec); ok {
					r.source[dir][spec.Name.Name] = spec
					r.imports[spec] = tree.Imports
				}
			}
		case *ast.FuncDecl:
			if d.Name.Name == "MarshalText" && d.Recv != nil {
				r.text[dir+"."+strings.TrimPrefix(exprText(d.Recv.List[0].Type), "*")] = true
			}
		}
	}
}

// exprText returns a type's name as it is written.
func exprText(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return exprText(e.X) + "." + e.Sel.Name
	case *ast.StarExpr:
		return "*" + exprText(e.X)
	}
	return ""
}
