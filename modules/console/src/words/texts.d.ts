// The texts that words.go writes of the languages' files.
declare module "texts/*" {
  const texts: Partial<import("./en").Words>;
  export default texts;
}
