/** The way of a student: the whole method in plain arrays, file by file. Depends on the JDK alone. */
module org.moelora.learn {
    requires static transitive org.jspecify;

    exports org.moelora.learn;
}
