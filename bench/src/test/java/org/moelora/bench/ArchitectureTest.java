package org.moelora.bench;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.net.URLDecoder;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.moelora.kernels.Devices;
import org.moelora.kernels.Kernels;

/**
 * The doors between the rooms: cli -> server -> moelora -> engine -> kernels, downwards only.
 *
 * <p>The module descriptors refuse most wrong imports already; what they cannot say is said here.
 */
class ArchitectureTest {
    private static final String[] KERNELS = {"org.moelora.kernels.."};
    private static final String OPENCL = "org.moelora.kernels.opencl..";
    private static final String[] ENGINE = {"org.moelora.engine.."};
    private static final String[] MOELORA = {
        "org.moelora.io..",
        "org.moelora.grammar..",
        "org.moelora.model..",
        "org.moelora.adapter..",
        "org.moelora.text..",
        "org.moelora.data..",
        "org.moelora.train..",
        "org.moelora.eval..",
        "org.moelora.compare..",
        "org.moelora.settings.."
    };
    private static final String[] SERVER = {"org.moelora.server.."};
    private static final String[] CLI = {"org.moelora.cli.."};
    private static final String[] INTEGRATIONS = {"org.moelora.langchain4j..", "org.moelora.springai.."};
    private static final String[] LEARN = {"org.moelora.learn.."};
    private static final String[] PROGRAMS = {"org.moelora.bench..", "org.moelora.testmodels.."};

    private static final DescribedPredicate<JavaClass> OURS = resideInAnyPackage("org.moelora..");

    private static final DescribedPredicate<JavaClass> PUBLIC_WORDS = describe(
            "InputException, UnsupportedFeature and the spelling in their sentences, a cancellation, or a device without memory",
            c -> c.getName().equals("org.moelora.engine.InputException")
                    || c.getName().equals("org.moelora.engine.UnsupportedFeature")
                    || c.getName().equals("org.moelora.engine.Spelling")
                    || c.getName().equals("org.moelora.engine.Cancellation")
                    || c.getName().equals("org.moelora.kernels.OutOfDeviceMemoryException"));

    private static JavaClasses project;

    @BeforeAll
    static void readClasses() {
        project = new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                .importPackages("org.moelora");
    }

    @Test
    void everyClassLivesInARoom() {
        classes()
                .should()
                .resideInAnyPackage(concat(KERNELS, ENGINE, MOELORA, SERVER, CLI, INTEGRATIONS, LEARN, PROGRAMS))
                .because("a new room is added to this test together with its doors")
                .check(project);
    }

    @Test
    void kernelsDependOnNothing() {
        classes()
                .that()
                .resideInAnyPackage(KERNELS)
                .and()
                .resideOutsideOfPackages(OPENCL)
                .should()
                .onlyDependOnClassesThat(resideInAnyPackage(concat(
                        KERNELS,
                        new String[] {"java..", "jdk.incubator.vector..", "com.sun.management..", "org.jspecify.."})))
                .because(
                        "kernels know spans of memory and sizes, and the flags of the JVM that they run on: no tensors, no"
                                + " gradients, no library")
                .check(project);
    }

    @Test
    void openClKnowsTheContractAndJocl() {
        classes()
                .that()
                .resideInAnyPackage(OPENCL)
                .should()
                .onlyDependOnClassesThat(resideInAnyPackage(
                        OPENCL,
                        "org.moelora.kernels",
                        "org.moelora.kernels.device",
                        "org.jocl..",
                        "java..",
                        "org.jspecify.."))
                .because("a kind of device needs the contract and what all kinds share, and no other kind")
                .check(project);
        noClasses()
                .that()
                .resideOutsideOfPackages(OPENCL)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.jocl..")
                .because(
                        "who does not add OpenCL's module has no native library: devices are found through ServiceLoader")
                .check(project);
        noClasses()
                .that()
                .resideInAnyPackage(concat(KERNELS, ENGINE, MOELORA, SERVER, CLI))
                .and()
                .resideOutsideOfPackages(OPENCL)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(OPENCL)
                .because("a back end that is not there must not be missed")
                .check(project);
    }

    @Test
    void onlySimdKernelsNameTheVectorApi() {
        noClasses()
                .that()
                .resideOutsideOfPackages("org.moelora.kernels.simd..", "org.moelora.bench..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("jdk.incubator.vector..")
                .because(
                        "on the class path the vector module may be missing, and only org.moelora.kernels.simd is loaded"
                                + " after the check for it")
                .check(project);
    }

    @Test
    void engineKnowsTheContractAndNoDevice() {
        classes()
                .that()
                .resideInAnyPackage(ENGINE)
                .should()
                .onlyDependOnClassesThat(
                        not(OURS).or(resideInAnyPackage(concat(ENGINE, new String[] {"org.moelora.kernels"}))))
                .because("the engine knows the kernels' contract, never a particular device")
                .check(project);
    }

    @Test
    void moeloraKnowsTensorsAndNoKernel() {
        Set<String> families = Stream.concat(
                        Stream.of(Kernels.class),
                        Arrays.stream(Kernels.class.getRecordComponents()).map(c -> c.getType()))
                .map(Class::getName)
                .collect(Collectors.toSet());
        DescribedPredicate<JavaClass> kernel =
                belongTo(describe("a family of kernels", c -> families.contains(c.getName())));
        classes()
                .that()
                .resideInAnyPackage(MOELORA)
                .should()
                .onlyDependOnClassesThat(not(OURS)
                        .or(resideInAnyPackage(concat(MOELORA, ENGINE)))
                        .or(resideInAnyPackage("org.moelora.kernels").and(not(kernel))))
                .because(
                        "models are made of tensors and ops; a computation that is missing becomes an op of the engine")
                .check(project);
    }

    @Test
    void frontEndsOpenMoelorasDoorOnly() {
        opensMoelorasDoorOnly(SERVER, SERVER);
        opensMoelorasDoorOnly(CLI, concat(CLI, new String[] {"org.moelora.server"}));
    }

    private static void opensMoelorasDoorOnly(String[] frontEnd, String[] own) {
        classes()
                .that()
                .resideInAnyPackage(frontEnd)
                .should()
                .onlyDependOnClassesThat(
                        not(OURS).or(resideInAnyPackage(concat(own, MOELORA))).or(PUBLIC_WORDS))
                .because("the command line is one of several front ends: what it needs, moelora offers to all")
                .check(project);
    }

    @Test
    void anIntegrationOpensMoelorasDoorOnlyAndNothingKnowsIt() {
        for (String integration : INTEGRATIONS) {
            classes()
                    .that()
                    .resideInAnyPackage(integration)
                    .should()
                    .onlyDependOnClassesThat(not(OURS)
                            .or(resideInAnyPackage(concat(new String[] {integration}, MOELORA)))
                            .or(PUBLIC_WORDS))
                    .because("what an integration needs, moelora offers to all, and no integration needs another")
                    .check(project);
        }
        noClasses()
                .that()
                .resideOutsideOfPackages(INTEGRATIONS)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(INTEGRATIONS)
                .because("a library of others comes only with the artifact that is for it")
                .check(project);
    }

    @Test
    void lessonsKnowTheJdkAloneAndNothingKnowsThem() {
        classes()
                .that()
                .resideInAnyPackage(LEARN)
                .should()
                .onlyDependOnClassesThat(resideInAnyPackage(concat(LEARN, new String[] {"java..", "org.jspecify.."})))
                .because("a student reads a lesson without knowing the engine")
                .check(project);
        noClasses()
                .that()
                .resideOutsideOfPackages(LEARN)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(LEARN)
                .because("lessons are found through ServiceLoader, and a program without them misses nothing")
                .check(project);
    }

    @Test
    void packagesHaveNoCycles() {
        slices().matching("org.moelora.(**)")
                .should()
                .beFreeOfCycles()
                // The built-in device is put together here by name: an uber jar may lose the files of a ServiceLoader.
                .ignoreDependency(
                        describe("Devices", c -> c.isEquivalentTo(Devices.class)),
                        resideInAnyPackage("org.moelora.kernels.cpu"))
                .ignoreDependency(
                        describe("CpuProvider", c -> c.getFullName().equals("org.moelora.kernels.cpu.CpuProvider")),
                        resideInAnyPackage("org.moelora.kernels.plain", "org.moelora.kernels.simd"))
                .because("a package is understood before those that build on it")
                .check(project);
    }

    @Test
    void librariesKeepSilentAndHaveNoStateOfTheirOwn() {
        noClasses()
                .that()
                .resideInAnyPackage(concat(KERNELS, ENGINE, MOELORA))
                .should(ACCESS_STANDARD_STREAMS)
                .because("a service owns its console: libraries log through System.Logger")
                .check(project);
        noClasses()
                .that()
                .resideInAnyPackage(concat(KERNELS, ENGINE, MOELORA))
                .should()
                .dependOnClassesThat()
                .areAssignableTo(ThreadLocal.class)
                .because("what an op needs is handed to it")
                .check(project);
        fields().that()
                .areDeclaredInClassesThat()
                .resideInAnyPackage(concat(KERNELS, ENGINE, MOELORA))
                .and()
                .areStatic()
                .should()
                .beFinal()
                .because("two models in one process share no state")
                .check(project);
    }

    @Test
    void filesAreDataAndNothingElse() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .haveFullyQualifiedName("java.io.ObjectInputStream")
                .orShould()
                .dependOnClassesThat()
                .resideInAnyPackage("java.beans..", "javax.script..", "javax.naming..", "java.rmi..")
                .because(
                        "what is read is numbers and text: no file of anybody's becomes an object, a script or a lookup")
                .check(project);
        noClasses()
                .that()
                .doNotHaveFullyQualifiedName("org.moelora.kernels.cpu.VectorApi")
                .and()
                .doNotHaveFullyQualifiedName("org.moelora.cli.VectorModule")
                .should()
                .callMethodWhere(calls(
                        "forName|defineClass|loadClass", Class.class, ClassLoader.class, MethodHandles.Lookup.class))
                .because("no code is loaded by a name, but for the JDK's own vector module")
                .check(project);
        noClasses()
                .should()
                .callMethodWhere(calls("load|loadLibrary", System.class, Runtime.class))
                .orShould()
                .callMethodWhere(calls("defineClass", ClassLoader.class, MethodHandles.Lookup.class))
                .orShould()
                .callMethodWhere(calls("reinterpret", MemorySegment.class))
                .orShould()
                .dependOnClassesThat()
                .areAssignableTo(Linker.class)
                .because("no code is made at run time, nothing native is called, and no address is taken on trust")
                .check(project);
    }

    @Test
    void processesAreStartedByNobodyInALibrary() {
        noClasses()
                .that()
                .resideInAnyPackage(concat(KERNELS, ENGINE, MOELORA))
                .should()
                .dependOnClassesThat()
                .areAssignableTo(ProcessBuilder.class)
                .orShould()
                .dependOnClassesThat(resideInAnyPackage("java.net..", "java.net.http..")
                        .and(not(describe("what decodes a text", c -> c.isEquivalentTo(URLDecoder.class)))))
                .because("a library that reads models starts no programs and opens no connections")
                .check(project);
    }

    @Test
    void namesSayWhatAThingIs() {
        noClasses()
                .should()
                .haveNameMatching(".*(Manager|Helper|Util|Utils|Impl|Processor)")
                .because("these words say nothing about what a class does")
                .check(project);
    }

    private static DescribedPredicate<JavaMethodCall> calls(String names, Class<?>... owners) {
        return describe(
                "calls of " + names,
                call -> call.getName().matches(names)
                        && Arrays.stream(owners).anyMatch(call.getTargetOwner()::isAssignableTo));
    }

    private static String[] concat(String[]... packages) {
        return Arrays.stream(packages).flatMap(Arrays::stream).toArray(String[]::new);
    }
}
