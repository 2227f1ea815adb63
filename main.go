// Command opal turns plain product photographs into finished, on-brand pictures.
package main

func main() {}
